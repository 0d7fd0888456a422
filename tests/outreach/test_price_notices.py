"""R96 from the announcement to the new price: told, reached, scheduled at Stripe, charged; and what comes between."""

import re
from datetime import date, timedelta

import pytest
from django.urls import reverse

from common import clock
from medspa import ticking
from members import price_changes, price_moves, stripe_gateway
from members.models import AuditEntry, Escalation, Membership, PriceChange, PriceMove, Quote, StandinObject
from members.stripe_gateway import StripeRefused
from members.stripe_standin import building, playing
from members.stripe_standin import client as standin
from outreach import cadence, playbooks, price_notices, sequences
from outreach.models import Message, Sequence
from tests import factories
from tests.doubles.offers import by_page, offer, sold_plan
from tests.doubles.subscribed import subscribed_member
from tests.factories import NOON

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
ENDS = NOON + 20 * DAY
TOLD = NOON + 8 * DAY  # twelve days before the payment
State = PriceMove.State


@pytest.fixture(autouse=True)
def time(monkeypatch):
    """The clock; `time["now"]` moves it."""
    moment = {"now": NOON}
    monkeypatch.setattr(clock, "now", lambda: moment["now"])
    playbooks.install()
    Sequence.objects.update(holdout_percent=0)
    return moment


def announced() -> tuple[Membership, PriceChange]:
    """A Glow member, and $219.00 from July 1 on; their next payment is on July 6."""
    membership = subscribed_member(current_period_end=ENDS)
    version = factories.make_version(membership.plan, price_cents=21900, stripe_price_id="price_dearer")
    price = building.price("price_dearer", product=f"prod_{membership.plan.pk}", unit_amount=21900, created=NOON)
    StandinObject.objects.bulk_create(building.rows(price))
    change = price_changes.announce(
        version=version, effective_on=date(2026, 7, 1), today=date(2026, 6, 16), actor="staff:1", now=NOON
    )
    return membership, change


def told(at=TOLD, status: str = "delivered") -> Message:
    """The notice went out on its day and ended so."""
    on = clock.local_date(at, "America/Chicago")
    cadence.run(cadence.plan("daily", on=on, now=at), actor="system", now=at)
    sequences.advance(now=at)
    delivered = at if status == "delivered" else None
    Message.objects.filter(status="queued").update(status=status, sent_at=at, delivered_at=delivered)
    return Message.objects.latest("pk")


def round_at(now, time) -> dict[str, int]:
    time["now"] = now
    return ticking.follow_memberships(now=now)


def state() -> str:
    return PriceMove.objects.get().state


def at_stripe(membership: Membership):
    return stripe_gateway.fetch_subscription(str(membership.stripe_subscription_id))


def test_who_was_reached_is_scheduled_once_and_pays_the_new_price_with_the_payment_that_was_told(time, drain):
    """R96: also when each round is run twice."""
    membership, change = announced()
    told()
    for _ in range(2):
        round_at(TOLD + timedelta(minutes=1), time)
    membership.refresh_from_db()
    scheduled = (state(), membership.next_plan_version, bool(at_stripe(membership).schedule_id))

    time["now"] = ENDS + timedelta(minutes=1)
    invoice = playing.renew(str(membership.stripe_subscription_id), now=time["now"])
    drain()

    membership.refresh_from_db()
    assert scheduled == (State.SCHEDULED, change.version, True)
    assert stripe_gateway.fetch_invoice(invoice).amount_due_cents == 21900
    assert (state(), membership.plan_version, membership.next_plan_version) == (State.MOVED, change.version, None)
    traced = AuditEntry.objects.filter(action__startswith="price_move.").order_by("pk")
    assert list(traced.values_list("action", flat=True)) == [
        "price_move.told",
        "price_move.scheduled",
        "price_move.moved",
    ]
    assert {entry.patient for entry in traced} == {membership.patient}


@pytest.mark.parametrize("status", ["held", "undelivered", "failed", "unknown"])
def test_who_was_not_reached_is_never_moved(time, status):
    """R96: the increase is blocked unless the notice arrived."""
    membership, _ = announced()
    told(status=status)

    for days in (0, 1, 5, 11):
        round_at(TOLD + days * DAY + timedelta(minutes=1), time)

    assert not PriceMove.objects.exists()
    assert at_stripe(membership).schedule_id == ""


def test_a_mail_server_that_tells_nothing_is_believed_after_a_day_without_a_bounce(time, settings):
    announced()
    told(status="sent")
    early = round_at(TOLD + DAY - timedelta(minutes=1), time)["price_notices"]
    settings.MAIL_PROVIDER = "postmark"  # this one tells, and has not
    silent = round_at(TOLD + DAY + timedelta(minutes=1), time)["price_notices"]
    settings.MAIL_PROVIDER = ""

    found = round_at(TOLD + DAY + timedelta(minutes=2), time)["price_notices"]

    assert (early, silent, found) == (0, 0, 1)


@pytest.mark.parametrize(
    ("arrives", "state"), [(6, State.TOLD), (7, State.TOLD), (13, State.TOLD), (14, State.MISSED), (19, State.MISSED)]
)
def test_a_notice_moves_only_who_has_seven_whole_days_left(arrives, state, time):
    """R96: seven days before the payment of July 6 are the last."""
    membership, change = announced()
    at = NOON + arrives * DAY

    first = price_moves.told(change=change, membership=membership, charged_from=date(2026, 7, 6), told_at=at, now=at)
    again = price_moves.told(change=change, membership=membership, charged_from=date(2026, 7, 6), told_at=at, now=at)
    round_at(at + timedelta(minutes=1), time)

    assert (first, again) == (True, False)
    assert PriceMove.objects.get().state == (State.SCHEDULED if state == State.TOLD else State.MISSED)
    assert bool(at_stripe(membership).schedule_id) is (state == State.TOLD)


def test_who_was_told_too_late_is_told_anew_of_the_next_payment(time, drain):
    membership, _ = announced()
    message = told()
    Message.objects.filter(pk=message.pk).update(delivered_at=ENDS - 3 * DAY)
    round_at(ENDS - 3 * DAY + timedelta(minutes=1), time)
    time["now"] = ENDS + timedelta(minutes=1)
    playing.renew(str(membership.stripe_subscription_id), now=time["now"])
    drain()

    again = told(ENDS + 20 * DAY)

    assert again.pk != message.pk
    assert "from Aug 6" in again.body
    round_at(ENDS + 20 * DAY + timedelta(minutes=1), time)
    assert sorted(PriceMove.objects.values_list("state", flat=True)) == ["missed", "scheduled"]


@pytest.mark.parametrize("already", ["told", "scheduled"])
def test_taking_it_back_releases_the_schedule_and_the_old_price_stays(already, time, drain):
    membership, change = announced()
    told()
    if already == "scheduled":
        round_at(TOLD + timedelta(minutes=1), time)
    else:
        price_notices.follow_delivered(now=TOLD)

    price_changes.withdraw(change=change, actor="staff:1", now=TOLD + timedelta(minutes=2))
    for minutes in (2, 3):
        round_at(TOLD + timedelta(minutes=minutes), time)
    playing.renew(str(membership.stripe_subscription_id), now=ENDS + timedelta(minutes=1))
    drain()

    membership.refresh_from_db()
    assert (state(), membership.next_plan_version) == (State.WITHDRAWN, None)
    assert (membership.plan_version.price_cents, at_stripe(membership).schedule_id) == (19900, "")


def test_a_notice_that_arrives_after_it_was_taken_back_moves_nobody(time):
    membership, change = announced()
    told()
    price_changes.withdraw(change=change, actor="staff:1", now=TOLD)

    round_at(TOLD + timedelta(minutes=1), time)

    assert (state(), at_stripe(membership).schedule_id) == (State.WITHDRAWN, "")


def test_taking_it_back_in_the_very_moment_of_scheduling_wins(time, monkeypatch):
    membership, change = announced()
    told()
    real = stripe_gateway.schedule_price

    def meanwhile(**named):
        answer = real(**named)
        price_changes.withdraw(change=change, actor="staff:1", now=TOLD)
        return answer

    monkeypatch.setattr(stripe_gateway, "schedule_price", meanwhile)

    round_at(TOLD + timedelta(minutes=1), time)
    round_at(TOLD + timedelta(minutes=2), time)

    membership.refresh_from_db()
    assert (at_stripe(membership).schedule_id, membership.next_plan_version) == ("", None)
    assert state() in (State.WITHDRAWN, State.TOLD)


@pytest.mark.parametrize("act", [Quote.Act.CANCEL, Quote.Act.DOWNGRADE, Quote.Act.UPGRADE])
def test_who_chooses_otherwise_meanwhile_is_not_moved(act, time, drain):
    membership, change = announced()
    other = {
        Quote.Act.DOWNGRADE: lambda: {"version": sold_plan("Basic", cents=9900, tier=0)},
        Quote.Act.UPGRADE: lambda: {"version": sold_plan("Max", cents=49900, tier=3)},
    }.get(act, dict)()
    told()
    round_at(TOLD + timedelta(minutes=1), time)
    membership.refresh_from_db()

    by_page(offer(membership, act, now=time["now"], **other), now=time["now"])
    later = ENDS + timedelta(minutes=1)
    time["now"] = later
    playing.renew(str(membership.stripe_subscription_id), now=later)
    drain()
    round_at(later + timedelta(hours=7), time)

    membership.refresh_from_db()
    assert membership.plan_version != change.version
    assert state() == State.LEFT


def test_who_takes_a_cancellation_back_in_time_is_scheduled_again(time):
    membership, _ = announced()
    told()
    round_at(TOLD + timedelta(minutes=1), time)
    for act in (Quote.Act.CANCEL, Quote.Act.KEEP):
        membership.refresh_from_db()
        by_page(offer(membership, act, now=time["now"]), now=time["now"])
        round_at(time["now"] + timedelta(hours=7), time)

    membership.refresh_from_db()
    assert (state(), bool(membership.next_plan_version), bool(at_stripe(membership).schedule_id)) == (
        State.SCHEDULED,
        True,
        True,
    )


def test_who_pauses_over_the_lawful_days_keeps_the_price_until_told_anew(time):
    membership, change = announced()
    told()
    price_notices.follow_delivered(now=TOLD)
    by_page(offer(membership, Quote.Act.PAUSE, months=2, now=TOLD), now=TOLD)

    for days in (1, 12, 31):
        round_at(TOLD + days * DAY, time)

    membership.refresh_from_db()
    assert (state(), membership.next_plan_version, membership.plan_version == change.version) == (
        State.MISSED,
        None,
        False,
    )


def test_stripes_silence_is_tried_again_and_makes_one_schedule(time):
    membership, _ = announced()
    told()
    with standin.outage(503):
        round_at(TOLD + timedelta(minutes=1), time)
    waits = state()

    round_at(TOLD + timedelta(minutes=12), time)

    assert (waits, state()) == (State.TOLD, State.SCHEDULED)
    assert StandinObject.objects.filter(kind="subscription_schedule").count() == 1
    assert at_stripe(membership).schedule_id


def test_what_stripe_refuses_is_a_persons_work_and_is_not_tried_again(time, monkeypatch):
    membership, _ = announced()
    told()

    def refuse(**_named):
        raise StripeRefused("No such price.")

    monkeypatch.setattr(stripe_gateway, "schedule_price", refuse)
    for minutes in (1, 12):
        round_at(TOLD + timedelta(minutes=minutes), time)

    case = Escalation.objects.get(patient=membership.patient)
    assert state() == State.REFUSED
    assert "$219.00 at Stripe: No such price." in case.summary


def test_the_plan_page_counts_them_and_each_number_opens_its_rows(client, time):
    membership, change = announced()
    told()
    round_at(TOLD + timedelta(minutes=1), time)
    client.force_login(factories.make_staff("marcus@glowtheory.example", role="manager"))

    plan = client.get(reverse("members:plan", args=[membership.plan_id])).content.decode()
    there = reverse("members:price_moves", args=[change.pk])
    rows = client.get(f"{there}?state=scheduled").content.decode()
    none = client.get(f"{there}?state=moved").content.decode()

    assert f'href="{there}?state=scheduled"' in plan
    assert "Ana Ortiz" in rows
    assert "Jul 6, 2026" in rows
    assert re.search(r"<th[^>]*>\s*Location\s*</th>", rows)
    assert re.search(r'href="/plans/"[^>]*aria-current="page"', rows)  # it belongs to the plans in the menu
    assert "Ana Ortiz" not in none


def test_who_works_elsewhere_sees_neither_the_number_nor_the_row(client, time):
    """R114."""
    membership, change = announced()
    told()
    round_at(TOLD + timedelta(minutes=1), time)
    dana = factories.make_staff()
    dana.roles.update(location=factories.make_location(name="Dallas", external_id="dallas"))
    client.force_login(dana)

    plan = client.get(reverse("members:plan", args=[membership.plan_id])).content.decode()
    there = reverse("members:price_moves", args=[change.pk])

    assert "Ana Ortiz" not in client.get(there).content.decode()
    assert f"{there}?state=" not in plan
