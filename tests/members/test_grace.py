"""The end of the grace period: the plan's rule, carried out at Stripe, told to staff and patient (settled.md 14)."""

from datetime import timedelta

import pytest

from members import billing, disputes, grace, stripe_gateway
from members.models import BillingChange, Escalation, Invoice, Membership, PlanVersion
from members.stripe_gateway import StripeRefused
from members.stripe_standin import playing, store
from members.stripe_standin.client import outage
from outreach import recovery
from outreach.models import Message
from tests.doubles.events import stored
from tests.doubles.subscribed import subscribed_member
from tests.factories import NOON

pytestmark = pytest.mark.django_db

OVER = NOON + timedelta(days=14)


def past_due() -> Membership:
    membership = subscribed_member()
    playing.give_card(membership.stripe_customer_id, "lost_card", now=NOON)
    invoice_id = playing.renew(str(membership.stripe_subscription_id), now=NOON)
    billing.apply(stored("invoice.payment_failed", invoice_id).pk, now=NOON)
    recovery.follow_all(now=NOON)
    membership.refresh_from_db()
    return membership


def rule(value: str) -> None:
    PlanVersion.objects.update(after_grace=value)


def test_until_the_last_day_nothing_happens():
    past_due()

    assert grace.end_due(now=OVER - timedelta(minutes=1)) == 0


@pytest.mark.parametrize(
    ("after", "status", "words"), [("pause", "paused", "paused"), ("cancel", "cancelled", "ended")]
)
def test_the_rule_of_the_plan_is_carried_out_and_told(after, status, words):
    membership = past_due()
    rule(after)

    assert grace.end_due(now=OVER) == 1
    recovery.follow_all(now=OVER)

    membership.refresh_from_db()
    text = Message.objects.get(dedupe_key__startswith="grace:")
    assert membership.status == status
    assert words in text.body
    assert "$199.00" in text.body
    assert "grace period is over" in Escalation.objects.get(reason="payment").summary
    assert BillingChange.objects.filter(kind="grace_ended").count() == 1


def test_the_patient_is_told_what_was_done_also_before_our_own_row_says_so(monkeypatch):
    """The answer may be read later: the event then waits for its next try (docs/decisions/004)."""
    past_due()
    rule("pause")
    monkeypatch.setattr(billing, "apply", lambda pk, *, now: None)

    grace.end_due(now=OVER)
    recovery.follow_all(now=OVER)

    assert "is paused now" in Message.objects.get(dedupe_key__startswith="grace:").body


def test_a_second_round_does_nothing_more():
    past_due()

    assert [grace.end_due(now=OVER) for _ in range(2)] == [1, 0]


def test_who_has_paid_meanwhile_keeps_the_membership():
    membership = past_due()
    Invoice.objects.update(status="paid", amount_remaining_cents=0)

    assert grace.end_due(now=OVER) == 0
    assert store.get("subscription", str(membership.stripe_subscription_id))["pause_collection"] is None


def test_while_a_dispute_is_open_the_rule_waits(monkeypatch):
    past_due()
    monkeypatch.setattr(disputes, "is_open", lambda _: True)

    assert grace.end_due(now=OVER) == 0


def test_while_stripe_is_away_the_rule_waits_for_the_next_round():
    past_due()
    with outage(503):
        assert grace.end_due(now=OVER) == 0

    assert grace.end_due(now=OVER + timedelta(hours=1)) == 1


def test_one_that_stripe_refuses_is_a_persons_and_stops_no_other(monkeypatch):
    past_due()

    def refused(**_):
        raise StripeRefused("No such subscription")

    monkeypatch.setattr(stripe_gateway, "pause", refused)
    ended = [grace.end_due(now=OVER) for _ in range(2)]

    case = Escalation.objects.get(reason="billing_sync")
    assert ended == [0, 0]
    assert case.last_raised_at == case.opened_at  # a round a minute calls nobody anew
    assert not BillingChange.objects.filter(kind="grace_ended").exists()


def test_who_has_paid_at_stripe_a_moment_ago_keeps_the_membership():
    """R143: the live invoice decides."""
    membership = past_due()
    rule("cancel")
    playing.give_card(membership.stripe_customer_id, "visa", now=OVER)
    playing.retry(Invoice.objects.get().stripe_id, now=OVER)

    assert grace.end_due(now=OVER) == 0
    assert store.get("subscription", str(membership.stripe_subscription_id))["status"] != "canceled"
