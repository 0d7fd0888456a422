"""A membership's life through the doors: a link, a page, Stripe's events, the rounds, a text."""

import re
from datetime import timedelta

import pytest

from common import clock
from medspa import tasks, ticking
from members import links
from members.models import (
    Escalation,
    Invoice,
    Membership,
    Patient,
    PatientLink,
    PatientPhone,
    PlanVersion,
    StandinObject,
)
from members.stripe_standin import building, playing, store, timeline
from outreach import playbooks
from outreach.models import Enrolment, HandsetText
from tests import factories
from tests.doubles.offers import sold_plan
from tests.doubles.subscribed import subscribed_member

pytestmark = pytest.mark.django_db
Purpose, Status = PatientLink.Purpose, Membership.Status


@pytest.fixture(autouse=True)
def time(monkeypatch):
    """It begins on a Tuesday at 11:00 in Austin; `time["now"]` moves it."""
    moment = {"now": factories.NOON}
    monkeypatch.setattr(clock, "now", lambda: moment["now"])
    playbooks.install()
    return moment


@pytest.fixture
def rounds(time, drain):
    """Everything that runs by itself, once."""

    def run() -> None:
        drain()
        ticking.tick(now=time["now"])
        ticking.follow_memberships(now=time["now"])
        drain()

    return run


def act(client, membership, purpose, **wish) -> str:
    """Open the link, say what is wanted, tick the box where there is one, confirm. The last page."""
    link = links.issue(membership=membership, purpose=purpose, now=clock.now())
    path = links.url(link).removeprefix("http://testserver")
    asked = client.get(path).content.decode()
    shown = re.search(r'name="shown" value="(\w+)"', asked)
    page = client.post(path, {"step": "ask", "shown": shown[1] if shown else "", **wish}, follow=True).content.decode()
    quote = re.search(r'name="quote" value="([\w-]+)"', page)
    if quote is None:
        return page
    return client.post(path, {"step": "accept", "quote": quote[1], "agree": "yes"}, follow=True).content.decode()


def texts_to(membership) -> list[str]:
    texts = HandsetText.objects.filter(handset=membership.patient.phone, from_handset=False)
    return list(texts.order_by("pk").values_list("body", flat=True))


def paid() -> list[int]:
    rows = StandinObject.objects.filter(kind="invoice", body__status="paid").order_by("created_at", "pk")
    return list(rows.values_list("body__amount_paid", flat=True))


def test_an_upgrade_costs_what_was_shown_and_is_acknowledged(client, rounds):
    """R89-R92, R150."""
    member, radiance = subscribed_member(), sold_plan("Radiance", cents=29900)

    page = act(client, member, Purpose.CHANGE_PLAN, version=radiance.pk)
    rounds()

    member.refresh_from_db()
    assert "You are on Radiance now" in page
    assert (member.plan.name, paid()) == ("Radiance", [6666])
    assert Invoice.objects.get(membership=member).amount_due_cents == 6666
    [text] = texts_to(member)
    assert "$66.66 paid today, then $299.00 a month from 07/06/2026" in text


def test_a_downgrade_comes_with_the_next_period_and_both_days_are_told(client, rounds, time):
    member, basic = subscribed_member(), sold_plan("Basic", cents=9900, tier=0)

    act(client, member, Purpose.CHANGE_PLAN, version=basic.pk)
    rounds()
    member.refresh_from_db()
    before = member.plan.name
    time["now"] = factories.NOON + timedelta(days=20, minutes=1)
    playing.renew(str(member.stripe_subscription_id), now=time["now"])
    rounds()

    member.refresh_from_db()
    assert (before, member.plan.name, paid()) == ("Glow", "Basic", [9900])
    first, second = texts_to(member)
    assert "changes to Basic on 07/06/2026" in first
    assert "your plan is Basic now" in second


def offer_a_reduced_price(member) -> None:
    """Of $49 instead of $199, beside a pause without payments."""
    created = factories.NOON
    reduced = building.price("price_frozen", product=f"prod_{member.plan_id}", unit_amount=4900, created=created)
    StandinObject.objects.bulk_create(building.rows(reduced))
    PlanVersion.objects.update(
        freeze_price_cents=4900, stripe_freeze_price_id="price_frozen", freeze_without_benefits=True
    )


def test_a_freeze_at_a_reduced_price_is_told_charged_and_over_by_itself(client, rounds, time):
    """R89, R92, R99: the member keeps paying less, keeps the credits, and the full price comes back on its day."""
    member = subscribed_member()
    offer_a_reduced_price(member)

    page = act(client, member, Purpose.PAUSE, months="1", freeze="reduced_price")
    rounds()
    member.refresh_from_db()
    frozen = member.status
    for days in (20, 51):
        time["now"] = factories.NOON + timedelta(days=days, hours=2)
        playing.renew(str(member.stripe_subscription_id), now=time["now"])
        rounds()

    member.refresh_from_db()
    assert "Your membership is paused" in page
    assert (frozen, member.status, paid()) == (Status.PAUSED, Status.ACTIVE, [4900, 19900])
    assert member.credits_remaining == 2
    first, *_, last = texts_to(member)
    assert "paused from 07/06/2026: $49.00 a month instead" in first.replace(f", {member.patient.first_name}", "")
    assert "is running again" in last


def test_a_pause_during_dunning_ends_the_chase_and_the_debt(client, rounds, time):
    member = subscribed_member()
    playing.give_card(member.stripe_customer_id, "lost_card", now=time["now"])
    playing.renew(str(member.stripe_subscription_id), now=time["now"])
    rounds()
    member.refresh_from_db()
    chased = (member.status, Enrolment.objects.filter(ended_at__isnull=True).count())

    act(client, member, Purpose.PAUSE, months="1")
    rounds()

    member.refresh_from_db()
    assert chased == (Status.PAST_DUE, 1)
    assert member.status == Status.PAUSED
    assert Invoice.objects.get(membership=member).status == Invoice.Status.VOID
    assert not Enrolment.objects.filter(ended_at__isnull=True).exists()
    assert "is paused from" in texts_to(member)[-1]


def until_the_payment_after_a_pause(time, rounds) -> None:
    """Ten days, hour by hour where something is due: the rounds of the day at noon, then Stripe's renewals."""
    for _ in range(10):
        time["now"] += timedelta(days=1)
        tasks.cadence()
        for _ in range(2):
            rounds()
        timeline.happen(now=time["now"])
        rounds()


@pytest.mark.parametrize(("freeze", "during"), [("without_benefits", []), ("reduced_price", [4900])])
@pytest.mark.parametrize("reached", [True, False])
def test_a_payment_after_a_pause_is_taken_only_from_who_was_told_of_it_before(
    client, rounds, time, reached, freeze, during
):
    """R99: where the reminder does not go out, nothing is charged and a person is asked to see to it."""
    member = subscribed_member()
    offer_a_reduced_price(member)
    act(client, member, Purpose.PAUSE, months="1", freeze=freeze)
    rounds()
    member.refresh_from_db()
    if not reached:
        PatientPhone.objects.all().delete()
        Patient.objects.update(email="")
    time["now"] = member.paused_until - timedelta(days=9)
    timeline.happen(now=time["now"])  # the payment that the pause skips or reduces
    rounds()

    until_the_payment_after_a_pause(time, rounds)

    member.refresh_from_db()
    cases = Escalation.objects.filter(reason="payment", summary__contains="no reminder of that reached the patient")
    assert paid() == [*during, *([19900] if reached else [])]
    assert member.status == (Status.ACTIVE if reached else Status.PAUSED)
    assert cases.count() == (0 if reached else 1)
    assert (member.paused_until, member.at_reduced_price) == (None, False)


@pytest.mark.parametrize("freeze", ["without_benefits", "reduced_price"])
def test_a_pause_that_was_held_is_ended_by_the_patients_own_consent(client, rounds, time, freeze):
    """R99: from then on the full price, with the next period."""
    member = subscribed_member()
    offer_a_reduced_price(member)
    act(client, member, Purpose.PAUSE, months="2", freeze=freeze)
    rounds()
    for before in (33, 2):  # the payments until then, and three days before the end the hold
        time["now"] = Membership.objects.get().paused_until - timedelta(days=before)
        timeline.happen(now=time["now"])
        rounds()
    held = Membership.objects.get()

    page = act(client, held, Purpose.RESUME)

    assert (held.status, held.paused_until) == (Status.PAUSED, None)
    assert Membership.objects.get().status == Status.ACTIVE
    assert store.get("subscription", held.stripe_subscription_id)["pause_collection"] is None
    assert "running again" in page


def test_a_cancellation_keeps_to_the_minimum_term_and_is_told_twice(client, rounds, time):
    """R93-R95."""
    member = subscribed_member()
    PlanVersion.objects.update(minimum_term_months=15)

    page = act(client, member, Purpose.CANCEL, reason="moving")
    rounds()
    member.refresh_from_db()
    leaving, ends = member.status, member.ends_at
    for days in (20, 51, 82):
        time["now"] = factories.NOON + timedelta(days=days, hours=2)
        playing.renew(str(member.stripe_subscription_id), now=time["now"])
        rounds()

    member.refresh_from_db()
    assert "it ends on September 1, 2026" in page
    assert (leaving, f"{ends:%Y-%m-%d}") == (Status.CANCELLING, "2026-09-06")
    assert (member.status, paid()) == (Status.CANCELLED, [19900, 19900])
    assert "ends on 09/06/2026" in texts_to(member)[0]
    assert "has ended" in texts_to(member)[-1]


def test_who_left_restarts_with_new_consent_and_a_first_payment(client, rounds, time):
    """R100."""
    member = subscribed_member()
    act(client, member, Purpose.CANCEL)
    time["now"] = factories.NOON + timedelta(days=20, minutes=1)
    playing.renew(str(member.stripe_subscription_id), now=time["now"])
    rounds()
    member.refresh_from_db()
    left = member.status

    page = act(client, member, Purpose.RESTART, version=member.plan_version_id)
    rounds()

    new = Membership.objects.get(restarted_from=member)
    assert (left, new.status, paid()) == (Status.CANCELLED, Status.ACTIVE, [19900])
    assert "Welcome back" in page
    assert new.credits_remaining == 1
    assert "welcome back" in texts_to(member)[-1]
