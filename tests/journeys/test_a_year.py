"""R153: a year of billing, month by month: who always pays, and whose payments fail three times and are recovered."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from common import clock
from medspa import ticking
from members import credits, reconciliation, stripe_gateway
from members.models import CreditEntry, Escalation, Invoice, Membership
from members.stripe_standin import playing, store, timeline
from outreach import playbooks
from outreach.models import Enrolment, HandsetText
from tests.doubles.subscribed import subscribed_member
from tests.factories import NOON

pytestmark = [pytest.mark.django_db, pytest.mark.billing_time]

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
FIRST = NOON + 20 * DAY  # the end of the members' present period
TOLD = ("nothing you need to do", "update your card", "would like you to confirm")
TROUBLES = {2: "insufficient_funds", 6: "lost_card", 10: "authentication_required"}


@pytest.fixture
def time(monkeypatch):
    moment = {"now": NOON}
    monkeypatch.setattr(clock, "now", lambda: moment["now"])
    playbooks.install()
    return moment


@pytest.fixture
def until(time, drain) -> Callable[[datetime], None]:
    """The clock moves to a moment, and all that is due happens: at Stripe, then here."""

    def move(moment: datetime) -> None:
        time["now"] = moment
        timeline.happen(now=moment)
        for _ in range(2):
            drain()
            ticking.tick(now=moment)
        credits.expire_due(now=moment)

    return move


def texts_to(membership: Membership) -> list[str]:
    heard = HandsetText.objects.filter(handset=membership.patient.phone, from_handset=False)
    return list(heard.order_by("pk").values_list("body", flat=True))


def press(client, membership: Membership) -> str:
    """The button of the page that the newest text links to; returns the vendor's page that it leads to."""
    found = re.search(r"https?://testserver(/m/[\w-]+/)", texts_to(membership)[-1])
    assert found
    return client.post(found[1]).headers["Location"].removeprefix("http://testserver")


def heals_itself(membership: Membership, client, due: datetime, until) -> None:
    """It is mentioned gently the next day; the money has come by Stripe's own retry."""
    until(due + DAY)
    playing.give_card(membership.stripe_customer_id, "visa", now=due)
    [owed] = stripe_gateway.open_invoices(str(membership.stripe_subscription_id))
    assert owed.next_attempt_at
    until(owed.next_attempt_at + MINUTE)


def leaves_a_new_card(membership: Membership, client, due: datetime, until) -> None:
    until(due + HOUR)
    hosted = press(client, membership)
    back = client.post(hosted, {"card": "mastercard"})
    client.get(back.headers["Location"].removeprefix("http://testserver"))
    until(due + 2 * HOUR)


def confirms_with_the_bank(membership: Membership, client, due: datetime, until) -> None:
    until(due + HOUR)
    client.post(press(client, membership))
    playing.give_card(membership.stripe_customer_id, "visa", now=due)
    until(due + 2 * HOUR)


ANSWERS = {2: heals_itself, 6: leaves_a_new_card, 10: confirms_with_the_bank}


def test_a_year_has_twelve_payments_twelve_grants_and_no_drift(client, time, until):
    steady, shaky = subscribed_member(), subscribed_member()
    states = []

    for month in range(12):
        due = clock.months_later(FIRST, month) + MINUTE
        if month in TROUBLES:
            playing.give_card(shaky.stripe_customer_id, TROUBLES[month], now=time["now"])
        until(due)
        shaky.refresh_from_db()
        states.append(shaky.status)
        if month in ANSWERS:
            ANSWERS[month](shaky, client, due, until)

    run = reconciliation.run(repair=False, actor="system", now=time["now"])
    assert list(run.drifts.values_list("kind", "ours", "theirs")) == []
    for member in (steady, shaky):
        member.refresh_from_db()
        assert member.status == Membership.Status.ACTIVE
        assert list(member.invoices.values_list("status", flat=True)) == ["paid"] * 12
        assert CreditEntry.objects.filter(membership=member, kind="grant").count() == 12
    assert [month for month, state in enumerate(states) if state == "past_due"] == list(TROUBLES)
    recoveries = Enrolment.objects.filter(sequence__slug="payment_recovery")
    assert list(recoveries.values_list("membership", "ended_because")) == [(shaky.pk, "paid")] * 3
    assert Invoice.objects.filter(first_failed_at__isnull=False, membership=shaky).count() == 3
    told = [text for text in texts_to(shaky) if "Thank you" not in text]
    assert [text for text, said in zip(told, TOLD, strict=True) if said not in text] == []
    assert len(texts_to(shaky)) == 2 * len(told)
    assert texts_to(steady) == []
    assert not Escalation.objects.exists()
    assert store.get("subscription", str(steady.stripe_subscription_id))["status"] == "active"
