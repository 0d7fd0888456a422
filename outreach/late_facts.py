"""Whether what a sequence is about is still true: asked before each step and again before each send.

A retry at Stripe or a click on a page may have settled it while the text was waiting (R143).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from members import disputes, stripe_gateway
from members.models import Invoice, Membership
from outreach.models import Enrolment, Sequence

# While Stripe cannot be asked: more than a round of the tick, so that what needs no Stripe gets its turn first.
ASK_AGAIN_AFTER = timedelta(seconds=90)
BOOKED_AHEAD = timedelta(days=30)
IN_SOON = timedelta(hours=48)
AGAIN_WITHIN = timedelta(days=90)
_INVOICE = "invoice:"
# A recovery that ended so was cut short: when the same invoice is owed again later, it begins anew.
INTERRUPTED = frozenset({"paused", "disputed", "refunded"})


@dataclass(frozen=True)
class NoLongerTrue:
    """`code` ends the enrolment, `words` explain the text that was not sent."""

    code: str
    words: str


PAID = NoLongerTrue("paid", "Paid meanwhile.")
ENDED = NoLongerTrue("membership ended", "The membership has ended.")
NOT_OWED = NoLongerTrue("no longer owed", "The invoice is no longer owed.")


def no_longer_true(enrolment: Enrolment, *, now: datetime) -> NoLongerTrue | None:
    """By our own rows; quick, may be asked inside a transaction."""
    if enrolment.sequence.slug == Sequence.Slug.PAYMENT_RECOVERY:
        return _recovery(enrolment)
    if enrolment.sequence.slug == Sequence.Slug.UTILIZATION:
        return _utilization(enrolment.membership, now)
    return None


def no_longer_true_at_stripe(enrolment: Enrolment) -> NoLongerTrue | None:
    """By the live invoice, for payment recovery. Never inside a transaction. Raises StripeUnavailable."""
    stripe_id = invoice_id(enrolment)
    if not stripe_id:
        return None
    live = stripe_gateway.fetch_invoice(stripe_id)
    if live.status == Invoice.Status.OPEN and live.amount_remaining_cents > 0:
        return None
    return PAID if live.status == Invoice.Status.PAID else NOT_OWED


def invoice_id(enrolment: Enrolment) -> str:
    """Stripe's id of the invoice that a payment recovery is about; '' for any other sequence."""
    if enrolment.sequence.slug != Sequence.Slug.PAYMENT_RECOVERY or not enrolment.cause.startswith(_INVOICE):
        return ""
    return enrolment.cause.split(":")[1]


def failed_lately_before(enrolment: Enrolment) -> bool:
    """Whether another invoice of the member failed in the 90 days before this one (settled.md 14)."""
    this = Invoice.objects.filter(stripe_id=invoice_id(enrolment), first_failed_at__isnull=False).first()
    if this is None or this.first_failed_at is None:
        return False
    lately = (this.first_failed_at - AGAIN_WITHIN, this.first_failed_at)
    others = Invoice.objects.filter(membership=enrolment.membership, first_failed_at__range=lately)
    return others.exclude(pk=this.pk).exists()


def is_in_soon(enrolment: Enrolment, now: datetime) -> bool:
    """Whether the desk will see a member who owes a payment within two days: then it is said there, not texted."""
    ahead = enrolment.membership.next_appointment_at
    return bool(invoice_id(enrolment) and ahead and now < ahead <= now + IN_SOON)


def recoveries_of(invoice: Invoice) -> QuerySet[Enrolment]:
    """Every recovery that was about the invoice, the last one first."""
    cause = f"{_INVOICE}{invoice.stripe_id}"
    mine = Enrolment.objects.filter(sequence__slug=Sequence.Slug.PAYMENT_RECOVERY, membership=invoice.membership_id)
    return mine.filter(Q(cause=cause) | Q(cause__startswith=f"{cause}:")).order_by("-pk")


def cause_of(invoice: Invoice) -> str:
    """The cause of the invoice's recovery: the one that it had, or a new one after a recovery that was cut short."""
    earlier = list(recoveries_of(invoice))
    if not earlier:
        return f"{_INVOICE}{invoice.stripe_id}"
    last = earlier[0]
    if last.status == Enrolment.Status.ENDED and last.ended_because in INTERRUPTED:
        return f"{_INVOICE}{invoice.stripe_id}:{len(earlier) + 1}"
    return last.cause


def _recovery(enrolment: Enrolment) -> NoLongerTrue | None:
    if enrolment.membership.status == Membership.Status.PAUSED:
        return NoLongerTrue("paused", "The membership is paused.")
    if disputes.is_open(enrolment.membership):
        return NoLongerTrue("disputed", "A payment dispute is open.")
    invoice = Invoice.objects.filter(stripe_id=invoice_id(enrolment)).first()
    if invoice and not invoice.needs_payment:
        return PAID if invoice.status == Invoice.Status.PAID else NOT_OWED
    ended = enrolment.membership.status in (Membership.Status.CANCELLED, Membership.Status.LAPSED)
    return ENDED if ended else None


def _utilization(membership: Membership, now: datetime) -> NoLongerTrue | None:
    if membership.status != Membership.Status.ACTIVE:
        return NoLongerTrue("not active", "The membership is not active any more.")
    if membership.credits_remaining <= 0:
        return NoLongerTrue("no credits", "There are no unused credits any more.")
    ahead = membership.next_appointment_at
    if ahead and now < ahead <= now + BOOKED_AHEAD:
        return NoLongerTrue("booked", "An appointment is booked.")
    return None
