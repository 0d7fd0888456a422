"""A member whose payment failed, here and at the Stripe stand-in alike."""

from datetime import datetime, timedelta
from typing import Any

from members.models import BillingChange, Invoice, Membership, StandinObject, StripeEvent
from members.stripe_standin import building, store
from tests.doubles.subscribed import subscribed_member
from tests.factories import NOON


def owing_member(**fields: Any) -> tuple[Membership, Invoice]:
    """Past due since NOON: one open invoice, tried once."""
    membership = subscribed_member(status=Membership.Status.PAST_DUE, past_due_since=NOON, **fields)
    ident = f"in_test{membership.pk}"
    body = building.invoice(
        ident,
        subscription=store.get("subscription", str(membership.stripe_subscription_id)),
        number=f"GLOW-{membership.pk}",
        created=NOON,
        period_start=NOON,
        period_end=NOON + timedelta(days=30),
        attempt_count=1,
    )
    StandinObject.objects.bulk_create(building.rows(body))
    invoice = Invoice.objects.create(
        membership=membership,
        stripe_id=ident,
        number=body["number"],
        status=Invoice.Status.OPEN,
        amount_due_cents=body["amount_due"],
        amount_remaining_cents=body["amount_remaining"],
        currency="usd",
        attempt_count=1,
        decline_code="insufficient_funds",
        issued_at=NOON,
        first_failed_at=NOON,
    )
    return membership, invoice


def live(invoice: Invoice, status: str) -> None:
    """What Stripe says from now on; our own row does not know yet."""
    body = store.get("invoice", invoice.stripe_id)
    store.change({**body, "status": status, "amount_remaining": body["amount_due"] if status == "open" else 0})


def mirror(invoice: Invoice, status: str) -> None:
    """The same, here and there."""
    live(invoice, status)
    invoice.status, invoice.amount_remaining_cents = status, 0
    invoice.save()


def told(invoice: Invoice, kind: str, at: datetime = NOON) -> BillingChange:
    """The fact that billing wrote down for the floors above."""
    event = StripeEvent.objects.create(
        stripe_id=f"evt_test{StripeEvent.objects.count()}",
        type="invoice.test",
        livemode=False,
        payload={},
        received_at=at,
        state=StripeEvent.State.APPLIED,
    )
    return BillingChange.objects.create(
        membership=invoice.membership, event=event, invoice=invoice, kind=kind, occurred_at=at
    )
