"""Staff let an open payment go: nothing is owed for it any more, and the membership goes on."""

from datetime import datetime

from django.db import transaction

from common import redaction
from common.errors import Refused
from members import audit, billing, stripe_gateway
from members.models import Invoice, StaffUser

SHORTEST_REASON = 3
LONGEST_REASON = 200
MAY_WAIVE = ("owner", "manager")  # it gives money away


def may_not_waive(invoice: Invoice) -> Refused | None:
    """Why this invoice cannot be waived; None if it can."""
    if not invoice.needs_payment:
        return Refused("This payment is not open any more.", code="not_open")
    if not Invoice.objects.at_stripe().filter(pk=invoice.pk).exists():
        return Refused("Your scheduler charges this payment. Waive it there.", code="not_at_stripe")
    return None


def waive(*, invoice: Invoice, why: str, by: StaffUser, now: datetime) -> None:
    """Void the invoice at Stripe, which is final; without another open one the member is no longer past due.

    What runs because of it (recovery, grace) ends through the fact that `billing` writes. No credits are granted for a
    period that nobody paid. Asking again voids nothing twice: the key is the invoice (R145). Raises Refused, and
    StripeUnavailable or StripeRefused from Stripe; then it is still open, and what was asked for is on record. A card
    number in the reason is not kept (R123).
    """
    if len(why.strip()) < SHORTEST_REASON:
        raise Refused("Say why the payment is waived, so that whoever looks at it later knows.", code="no_reason")
    with transaction.atomic():
        locked = (
            Invoice.objects.select_for_update(of=("self",)).select_related("membership__patient").get(pk=invoice.pk)
        )
        if refused := may_not_waive(locked):
            raise refused
        _trace("waive_asked", locked, by, now, why=redaction.redact(why.strip())[:LONGEST_REASON])
    stripe_gateway.void_invoice(locked.stripe_id, key=f"waive:{locked.pk}")
    told = billing.nudge(what="invoice", object_id=locked.stripe_id, key=f"waive:{locked.pk}", now=now)
    billing.apply(told.pk, now=now)
    locked.refresh_from_db(fields=["status"])
    if locked.status == Invoice.Status.PAID:
        raise Refused("It was paid a moment ago, so nothing was waived.", code="paid")
    with transaction.atomic():
        _trace("waived", locked, by, now)


def _trace(what: str, invoice: Invoice, by: StaffUser, now: datetime, **more: str) -> None:
    audit.record(
        f"payment.{what}",
        actor=f"staff:{by.pk}",
        patient=invoice.membership.patient,
        now=now,
        data={"invoice": invoice.stripe_id, "cents": invoice.amount_due_cents, **more},
    )
