"""Money that goes back: a hold, a case, and silence until the bank has decided."""

from datetime import timedelta

import pytest

from members import billing, disputes, holds
from members.models import AuditEntry, BillingChange, Dispute, Escalation, Invoice, Membership
from members.stripe_standin import disputes as bank
from members.stripe_standin import playing
from tests.doubles.events import stored
from tests.doubles.subscribed import subscribed_member
from tests.factories import NOON

pytestmark = pytest.mark.django_db


def paid_member() -> tuple[Membership, str]:
    membership = subscribed_member()
    invoice_id = playing.renew(str(membership.stripe_subscription_id), now=NOON)
    billing.apply(stored("invoice.paid", invoice_id).pk, now=NOON)
    return membership, invoice_id


def disputed() -> tuple[Membership, str]:
    membership, invoice_id = paid_member()
    dispute_id = bank.open_dispute(invoice_id, now=NOON)
    billing.apply(stored("charge.dispute.created", dispute_id).pk, now=NOON)
    return membership, dispute_id


def close(dispute_id: str, *, won: bool, at=NOON + timedelta(days=9)) -> None:
    bank.close_dispute(dispute_id, won=won, now=at)
    billing.apply(stored("charge.dispute.closed", dispute_id).pk, now=at)


def test_a_dispute_holds_the_member_and_opens_a_case_that_says_until_when_to_answer():
    """R136."""
    membership, dispute_id = disputed()

    found = Dispute.objects.get(stripe_id=dispute_id)
    case = Escalation.objects.get(reason="dispute")
    assert (found.membership, found.invoice, found.amount_cents) == (membership, Invoice.objects.get(), 19900)
    assert holds.open_kinds(membership.patient.phone) == {"dispute"}
    assert "$199.00" in case.summary
    assert "June 30" in case.summary
    assert BillingChange.objects.get(kind="dispute_opened").membership == membership


def test_a_dispute_told_three_times_is_one_case_and_one_fact():
    """R133."""
    _, dispute_id = disputed()

    for _ in range(2):
        billing.apply(stored("charge.dispute.created", dispute_id).pk, now=NOON + timedelta(minutes=1))

    assert Escalation.objects.get(reason="dispute").last_raised_at == NOON
    assert BillingChange.objects.filter(kind="dispute_opened").count() == 1


def test_a_dispute_that_is_won_lets_automation_speak_again():
    membership, dispute_id = disputed()

    close(dispute_id, won=True)

    assert holds.open_kinds(membership.patient.phone) == set()
    assert not disputes.is_open(membership)
    assert BillingChange.objects.filter(kind="dispute_closed").count() == 1


def test_a_dispute_that_is_lost_asks_a_person_what_becomes_of_the_membership():
    _, dispute_id = disputed()

    close(dispute_id, won=False)

    assert "gave the disputed $199.00 back" in Escalation.objects.get(reason="dispute").summary


def test_while_another_dispute_is_open_the_hold_stays():
    membership, first = disputed()
    again = playing.renew(str(membership.stripe_subscription_id), now=NOON)
    second = bank.open_dispute(again, now=NOON)
    billing.apply(stored("charge.dispute.created", second).pk, now=NOON)

    close(first, won=True)

    assert holds.open_kinds(membership.patient.phone) == {"dispute"}


@pytest.mark.parametrize("order", [("created", "closed"), ("closed", "created")])
def test_events_in_either_order_after_the_bank_decided_end_alike(order):
    """R133: by then the live dispute is closed."""
    membership, invoice_id = paid_member()
    dispute_id = bank.open_dispute(invoice_id, now=NOON)
    bank.close_dispute(dispute_id, won=True, now=NOON + timedelta(days=9))

    for what in order:
        billing.apply(stored(f"charge.dispute.{what}", dispute_id).pk, now=NOON + timedelta(days=9))

    assert Dispute.objects.get().closed_at is not None
    assert holds.open_kinds(membership.patient.phone) == set()
    assert list(BillingChange.objects.values_list("kind", flat=True)) == ["dispute_opened"]


def test_a_refund_is_noted_on_the_invoice_once():
    membership, invoice_id = paid_member()
    charge_id = bank.refund(invoice_id, now=NOON)

    for _ in range(2):
        billing.apply(stored("charge.refunded", charge_id).pk, now=NOON)

    assert Invoice.objects.get().refunded_cents == 19900
    assert BillingChange.objects.get(kind="refunded").membership == membership
    assert AuditEntry.objects.filter(action="billing.refunded").count() == 1


@pytest.mark.parametrize("kind", ["charge.dispute.created", "charge.refunded"])
def test_a_sale_to_somebody_else_is_kept_as_unmatched(kind):
    membership, invoice_id = paid_member()
    Membership.objects.filter(pk=membership.pk).update(stripe_customer_id="cus_other")
    named = bank.open_dispute(invoice_id, now=NOON) if "dispute" in kind else bank.refund(invoice_id, now=NOON)

    event = stored(kind, named)
    billing.apply(event.pk, now=NOON)

    event.refresh_from_db()
    assert event.state == "unmatched"
    assert not Dispute.objects.exists()
