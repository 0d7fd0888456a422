"""Four days in which nothing of Stripe's arrived, and the one command that brings it all back (R134)."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django_q.models import OrmQ

from common import clock
from medspa import ticking
from members import stripe_gateway
from members.models import CreditEntry, Membership, StandinObject, StripeEvent
from members.stripe_standin import delivery, playing, timeline
from outreach import playbooks
from outreach.models import Enrolment, HandsetText
from tests.doubles.subscribed import subscribed_member
from tests.factories import NOON

pytestmark = [pytest.mark.django_db, pytest.mark.billing_time]

DAY = timedelta(days=1)
# A Friday; the periods end on the Monday, and on the Tuesday the doors are open again.
BEGINS, ENDS = NOON + 17 * DAY, NOON + 21 * DAY
Status = Membership.Status


@pytest.fixture
def time(monkeypatch):
    moment = {"now": BEGINS}
    monkeypatch.setattr(clock, "now", lambda: moment["now"])
    playbooks.install()
    return moment


@pytest.fixture
def settle(time, drain):
    """Everything that runs by itself, until nothing is left to do."""

    def run() -> None:
        for _ in range(3):
            drain()
            ticking.tick(now=time["now"])

    return run


def reconcile(capsys, *options: str) -> dict[str, Any]:
    """What the command prints; it ends the test where it leaves a difference."""
    capsys.readouterr()
    call_command("reconcile", "--json", *options)
    return json.loads(capsys.readouterr().out)


def lost_events() -> list[StandinObject]:
    """Stripe tried each of them for three days, in vain."""
    OrmQ.objects.all().delete()
    lost = StandinObject.objects.filter(kind="event", delivered_at__isnull=True)
    lost.update(attempts=len(delivery.TRIES))
    return list(lost.order_by("created_at", "pk"))


def texts_to(membership: Membership) -> list[str]:
    heard = HandsetText.objects.filter(handset=membership.patient.phone, from_handset=False)
    return list(heard.order_by("pk").values_list("body", flat=True))


def fails(membership: Membership, *, at) -> None:
    playing.give_card(membership.stripe_customer_id, "lost_card", now=at)


@pytest.fixture
def people(time, settle) -> dict[str, Membership]:
    """Six members in step with Stripe; the payment of one has just failed, and she was told."""
    names = ("paid", "paid too", "failing", "leaving", "moved", "owing")
    found = {name: subscribed_member() for name in names}
    fails(found["owing"], at=BEGINS)
    playing.renew(str(found["owing"].stripe_subscription_id), now=BEGINS)
    settle()
    assert [len(texts_to(each)) for each in found.values()] == [0, 0, 0, 0, 0, 1]
    call_command("reconcile", "--repair")
    return found


def outage(people: dict[str, Membership], time) -> None:
    """What happens at Stripe meanwhile."""
    fails(people["failing"], at=BEGINS + DAY)
    time["now"] = BEGINS + 2 * DAY
    stripe_gateway.cancel_now(subscription_id=str(people["leaving"].stripe_subscription_id), key="dashboard")
    playing.give_card(people["moved"].stripe_customer_id, "mastercard", now=time["now"])
    playing.give_card(people["owing"].stripe_customer_id, "visa", now=time["now"])
    [owed] = stripe_gateway.open_invoices(str(people["owing"].stripe_subscription_id))
    playing.retry(owed.id, now=time["now"])
    time["now"] = BEGINS + 3 * DAY + timedelta(hours=1)
    timeline.happen(now=time["now"])  # the renewals of that Monday
    lost_events()
    time["now"] = ENDS


def test_one_run_recovers_four_days_of_lost_events(people, time, settle, drain, capsys):
    told_before = StripeEvent.objects.count()
    outage(people, time)
    settle()
    unaware = {name: Membership.objects.get(pk=each.pk).status for name, each in people.items()}

    found = reconcile(capsys, "--repair")
    settle()

    assert unaware == {**dict.fromkeys(people, Status.ACTIVE), "owing": Status.PAST_DUE}
    assert StripeEvent.objects.count() > told_before
    for each in people.values():
        each.refresh_from_db()
    assert {name: each.status for name, each in people.items()} == {
        **dict.fromkeys(people, Status.ACTIVE), "failing": Status.PAST_DUE, "leaving": Status.CANCELLED,
    }  # fmt: skip
    assert people["moved"].card_brand == "mastercard"
    grants = CreditEntry.objects.filter(kind="grant")
    assert {name: grants.filter(membership=each).count() for name, each in people.items()} == {
        "paid": 1, "paid too": 1, "moved": 1, "owing": 1, "failing": 0, "leaving": 0,
    }  # fmt: skip
    running = Enrolment.objects.get(status=Enrolment.Status.RUNNING)
    assert (running.membership, running.sequence.slug) == (people["failing"], "payment_recovery")
    assert Enrolment.objects.get(membership=people["owing"]).ended_because == "paid"
    [asked], [_, thanked] = texts_to(people["failing"]), texts_to(people["owing"])
    assert "update your card" in asked
    assert "Thank you" in thanked
    assert [len(texts_to(people[name])) for name in ("paid", "paid too", "moved")] == [0, 0, 0]
    causes = {drift["cause"] for drift in found["drifts"]}
    assert found["drift"] == len(found["drifts"]) > 6
    assert "Stripe tells of it, but it never arrived here." in causes
    assert all(drift["cause"] and drift["repaired"] for drift in found["drifts"])


def test_a_second_run_finds_nothing_and_late_deliveries_say_nothing_again(people, time, settle, drain, capsys):
    """R133: somebody presses "resend" at Stripe after the run."""
    outage(people, time)
    reconcile(capsys, "--repair")
    settle()
    heard = HandsetText.objects.count()
    entries = list(CreditEntry.objects.values_list("key", flat=True))

    again = reconcile(capsys)
    late = StandinObject.objects.filter(kind="event", delivered_at__isnull=True)
    resent = [delivery.deliver(pk, now=time["now"]) for pk in late.values_list("pk", flat=True)]
    settle()

    assert again["drift"] == 0
    assert resent
    assert all(resent)
    assert HandsetText.objects.count() == heard
    assert list(CreditEntry.objects.values_list("key", flat=True)) == entries
    assert reconcile(capsys)["drift"] == 0
