"""Compared with Stripe: what an outage missed comes back in one run, and what differs is listed with its cause."""

import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command

from common import clock
from common.errors import Refused
from members import billing, credits, reconciliation
from members.models import (
    AuditEntry,
    BillingChange,
    Escalation,
    Invoice,
    Membership,
    Reconciliation,
    StandinObject,
    StripeEvent,
)
from members.stripe_standin import playing, store
from members.stripe_standin.client import outage
from tests.doubles.events import stored
from tests.doubles.subscribed import subscribed_member
from tests.factories import NOON

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _noon(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOON)


def in_step(**fields) -> Membership:
    """A member whose rows are as Stripe has them."""
    membership = subscribed_member(**fields)
    billing.apply(stored("customer.subscription.updated", str(membership.stripe_subscription_id)).pk, now=NOON)
    membership.refresh_from_db()
    return membership


def compare(*, repair: bool = False, at=NOON) -> Reconciliation:
    return reconciliation.run(repair=repair, actor="system", now=at)


def kinds(run: Reconciliation) -> list[str]:
    return list(run.drifts.values_list("kind", flat=True))


def test_a_member_in_step_shows_no_difference():
    in_step()

    run = compare()

    assert kinds(run) == []
    assert run.checked > 0
    assert run.stage == "done"


def test_an_outage_of_four_days_is_recovered_by_one_run():
    """R134: a renewal that failed, one that was paid, a card that changed and an end, none of which was delivered."""
    failed, paid, moved, ended = (in_step() for _ in range(4))
    compare(repair=True)
    for day, member in enumerate((failed, paid)):
        card = "lost_card" if member is failed else "visa"
        playing.give_card(member.stripe_customer_id, card, now=NOON + day * DAY)
        playing.renew(str(member.stripe_subscription_id), now=NOON + day * DAY)
    playing.give_card(moved.stripe_customer_id, "mastercard", now=NOON + 2 * DAY)
    body = store.get("subscription", str(ended.stripe_subscription_id))
    store.change({**body, "cancel_at_period_end": True})
    playing.renew(str(ended.stripe_subscription_id), now=NOON + 3 * DAY)

    run = compare(repair=True, at=NOON + 4 * DAY)

    for member in (failed, paid, moved, ended):
        member.refresh_from_db()
    assert (failed.status, paid.status, ended.status) == ("past_due", "active", "cancelled")
    assert moved.card_brand == "mastercard"
    assert credits.balance(paid, at=NOON + 4 * DAY) == 1
    assert BillingChange.objects.get().membership == failed
    assert "missed_event" in kinds(run)
    assert not run.drifts.filter(repaired_at__isnull=True).exists()
    assert kinds(compare(at=NOON + 4 * DAY)) == []


def test_a_second_run_finds_nothing_and_grants_nothing_again():
    member = in_step()
    playing.renew(str(member.stripe_subscription_id), now=NOON)

    compare(repair=True)
    again = compare(repair=True)

    assert kinds(again) == []
    assert credits.balance(member, at=NOON) == 1


def test_without_repair_nothing_is_changed_but_all_is_listed():
    member = in_step()
    playing.give_card(member.stripe_customer_id, "lost_card", now=NOON)
    playing.renew(str(member.stripe_subscription_id), now=NOON)
    events = StripeEvent.objects.count()

    run = compare()

    member.refresh_from_db()
    assert member.status == Membership.Status.ACTIVE
    assert StripeEvent.objects.count() == events
    assert set(kinds(run)) == {"missed_event", "subscription", "invoice"}
    differing = run.drifts.get(kind="subscription")
    assert "status active" in differing.ours
    assert "status past_due" in differing.theirs
    assert differing.cause == "Events did not arrive in an outage."


def test_what_was_changed_without_an_event_is_repaired_from_the_live_object():
    member = in_step()
    Membership.objects.update(status="paused", card_last4="0000")

    run = compare(repair=True)

    member.refresh_from_db()
    drift = run.drifts.get()
    assert (member.status, member.card_last4) == ("active", "4242")
    assert "without an event" in drift.cause
    assert drift.repaired_at == NOON


def test_an_invoice_that_is_open_here_and_paid_there_is_settled():
    member = in_step()
    playing.give_card(member.stripe_customer_id, "lost_card", now=NOON)
    invoice_id = playing.renew(str(member.stripe_subscription_id), now=NOON)
    compare(repair=True)
    StandinObject.objects.filter(kind="event").delete()  # older than Stripe keeps them
    body = store.get("invoice", invoice_id)
    store.change({**body, "status": "paid", "amount_remaining": 0})

    compare(repair=True, at=NOON + 40 * DAY)

    assert Invoice.objects.get(stripe_id=invoice_id).status == "paid"


def test_a_subscription_of_nobody_and_a_membership_that_stripe_does_not_know_go_to_a_person():
    in_step()
    Membership.objects.update(stripe_subscription_id="sub_wrong")

    run = compare(repair=True)

    assert set(kinds(run)) == {"stranger", "absent"}
    assert "2 differences" in Escalation.objects.get(subject="reconciliation").summary


def test_a_failed_event_is_named_as_the_cause_and_replayed():
    member = in_step()
    event = stored("customer.subscription.updated", str(member.stripe_subscription_id))
    StripeEvent.objects.filter(pk=event.pk).update(state="failed", error="ValueError: odd", attempts=8)
    StandinObject.objects.filter(kind="event").delete()
    body = event.payload
    StandinObject.objects.create(id=body["id"], kind="event", body=_whole(event), created_at=NOON)

    run = compare(repair=True)

    event.refresh_from_db()
    assert event.state == "applied"
    assert run.drifts.get(kind="stuck_event").cause == "ValueError: odd"


def _whole(event: StripeEvent) -> dict:
    subscription = store.get("subscription", event.object_id)
    more = {"pending_webhooks": 1, "request": {"id": None, "idempotency_key": None}}
    return {**event.payload, **more, "data": {"object": subscription}}


def test_the_comparison_goes_on_in_chunks_from_its_cursor(monkeypatch):
    for _ in range(3):
        in_step()
    monkeypatch.setattr(reconciliation, "_ROWS", 1)
    Membership.objects.update(stripe_subscription_id=None)
    for number, member in enumerate(Membership.objects.all()):
        Membership.objects.filter(pk=member.pk).update(stripe_subscription_id=f"sub_wrong_{number}")
    job = reconciliation.start(repair=False, actor="system", now=NOON)

    chunks = 0
    while reconciliation.advance(job.pk, now=NOON):
        chunks += 1

    assert chunks > 6
    assert job.drifts.filter(kind="absent").count() == 3


def test_a_round_does_the_chunks_and_ends():
    in_step()
    job = reconciliation.start(repair=True, actor="system", now=NOON)

    reconciliation.work(now=NOON)

    job.refresh_from_db()
    assert job.finished_at == NOON
    assert reconciliation.work(now=NOON) == 0
    assert AuditEntry.objects.filter(action="reconciliation.finished").count() == 1


def test_a_chunk_that_another_worker_has_is_left_to_it():
    job = reconciliation.start(repair=True, actor="system", now=NOON)
    Reconciliation.objects.update(leased_until=NOON + timedelta(minutes=1))

    assert reconciliation.advance(job.pk, now=NOON) is False
    assert reconciliation.advance(job.pk, now=NOON + timedelta(minutes=1)) is True


def test_while_stripe_is_away_the_comparison_waits_and_goes_on_later():
    in_step()
    job = reconciliation.start(repair=True, actor="system", now=NOON)
    with outage(503):
        assert reconciliation.work(now=NOON) == 0

    assert reconciliation.work(now=NOON + timedelta(minutes=3)) > 0

    job.refresh_from_db()
    assert job.finished_at


def test_two_comparisons_at_once_are_refused():
    reconciliation.start(repair=True, actor="system", now=NOON)

    with pytest.raises(Refused) as refused:
        reconciliation.start(repair=False, actor="staff:1", now=NOON)

    assert refused.value.code == "under_way"


class TestCommands:
    def test_reconcile_prints_json_and_exits_1_while_differences_are_left(self, capsys):
        in_step()
        Membership.objects.update(status="paused")

        with pytest.raises(SystemExit) as left:
            call_command("reconcile", "--json")

        printed = json.loads(capsys.readouterr().out)
        assert left.value.code == 1
        assert printed["drift"] == 1
        assert printed["drifts"][0]["repaired"] is False

    def test_reconcile_with_repair_exits_0(self, capsys):
        in_step()
        Membership.objects.update(status="paused")

        call_command("reconcile", "--repair")

        assert "repaired" in capsys.readouterr().out

    def test_replay_events_applies_the_failed_ones_again(self, capsys):
        member = in_step()
        event = stored("customer.subscription.updated", str(member.stripe_subscription_id))
        StripeEvent.objects.filter(pk=event.pk).update(state="failed", attempts=8)

        call_command("replay_events", "--failed")

        event.refresh_from_db()
        assert event.state == "applied"
        assert "1 replayed, 0 failed again." in capsys.readouterr().out

    def test_replay_events_asks_which_ones(self):
        with pytest.raises(CommandError, match="--failed"):
            call_command("replay_events")

    def test_an_event_that_fails_again_is_told_by_the_exit_code(self):
        StripeEvent.objects.filter(pk=stored("invoice.paid", "in_missing").pk).update(state="failed")

        with pytest.raises(SystemExit):
            call_command("replay_events", "--failed")
