"""Staff try an open payment again: only what may clear by itself, and never too often (R138, R141; settled.md 14)."""

from datetime import datetime, timedelta

from django.db import transaction

from common.errors import Refused
from members import audit, billing, declines, disputes, stripe_gateway
from members.models import Invoice, PaymentAttempt, StaffUser

Outcome = PaymentAttempt.Outcome

MOST_TRIES = 8  # of one invoice with one card (R141): Stripe's own and ours
_BREATH = timedelta(minutes=1)


def may_not_retry(invoice: Invoice, *, now: datetime) -> Refused | None:
    """Why staff may not try this invoice again; None if they may."""
    if not invoice.needs_payment:
        return Refused("This payment is not open any more.", code="not_open")
    if not Invoice.objects.at_stripe().filter(pk=invoice.pk).exists():
        return Refused("Your scheduler charges this payment. Try it again there.", code="not_at_stripe")
    if declines.kind_of(invoice.decline_code) != declines.Kind.SOFT:
        return Refused("The bank will not take this card again. Send the card link instead.", code="hard_decline")
    if disputes.is_open(invoice.membership):
        return Refused("A payment of this patient is disputed. Nothing is charged until that is over.", code="disputed")
    tries = list(invoice.tries.filter(card_last4=invoice.membership.card_last4))
    if invoice.attempt_count + len(tries) >= MOST_TRIES:
        return Refused("This card was tried often enough. Ask for another one: send the card link.", code="too_often")
    if any(now - each.asked_at < _BREATH for each in tries):
        return Refused("It was tried a moment ago. Wait a minute.", code="too_soon")
    return None


def retry(*, invoice: Invoice, by: StaffUser, now: datetime) -> Outcome:
    """Charge the card on file once more. Raises Refused, and StripeUnavailable when Stripe cannot be reached.

    What came of it reaches our rows at once; Stripe's event, which tells the same, then changes nothing.
    """
    with transaction.atomic():
        locked = (
            Invoice.objects.select_for_update(of=("self",)).select_related("membership__patient").get(pk=invoice.pk)
        )
        if refused := may_not_retry(locked, now=now):
            raise refused
        attempt = PaymentAttempt.objects.create(
            invoice=locked,
            number=locked.tries.count() + 1,
            card_last4=locked.membership.card_last4,
            asked_by=by,
            asked_at=now,
        )
        _trace("asked", attempt, now)
    outcome = _charge(attempt)
    with transaction.atomic():
        attempt.outcome = outcome
        attempt.save(update_fields=["outcome"])
        _trace(outcome, attempt, now)
        told = billing.nudge(what="invoice", object_id=locked.stripe_id, key=f"retry:{attempt.pk}", now=now)
    billing.apply(told.pk, now=now)
    return outcome


def _charge(attempt: PaymentAttempt) -> Outcome:
    try:
        stripe_gateway.pay_invoice(attempt.invoice.stripe_id, key=f"retry:{attempt.pk}")
    except stripe_gateway.CardDeclined:
        return Outcome.DECLINED
    return Outcome.PAID


def _trace(what: str, attempt: PaymentAttempt, now: datetime) -> None:
    audit.record(
        f"payment.retry_{what}",
        actor=f"staff:{attempt.asked_by_id}",
        patient=attempt.invoice.membership.patient,
        now=now,
        data={"invoice": attempt.invoice.stripe_id, "try": attempt.number},
    )
