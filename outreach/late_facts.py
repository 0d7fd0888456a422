"""Whether what a sequence is about is still true: asked before each step and again before each send.

A retry at Stripe or a click on a page may have settled it while the text was waiting (R143).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from members import consent, disputes, holds, stripe_gateway
from members.models import Escalation, Hold, Invoice, Membership, PriceChange
from outreach.models import Enrolment, Message, Sequence

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
BOOKED = NoLongerTrue("booked", "An appointment is booked.")
ESCALATED = NoLongerTrue("escalated", "A person sees to this patient.")
DISPUTED = NoLongerTrue("disputed", "A payment dispute is open.")
_A_PERSON_DECIDES = (Escalation.Reason.EMERGENCY, Escalation.Reason.HUMAN, Escalation.Reason.CANCELLATION)


def no_longer_true(enrolment: Enrolment, *, now: datetime) -> NoLongerTrue | None:
    """By our own rows and the stops of the enrolment's version; quick, may be asked inside a transaction."""
    version = enrolment.version or enrolment.sequence.live
    stops = version.stops if version else ()
    for code, stop in STOPS.items():
        if code in stops and (found := stop.check(enrolment, now)):
            return found
    return None


def no_longer_true_at_stripe(enrolment: Enrolment) -> NoLongerTrue | None:
    """By the live invoice, for payment recovery; by the live card, for one that expires.

    Never inside a transaction. Raises StripeUnavailable.
    """
    if enrolment.sequence.slug == Sequence.Slug.EXPIRING_CARD:
        return _still_expiring(enrolment.membership)
    stripe_id = invoice_id(enrolment)
    if not stripe_id or not Invoice.objects.at_stripe().filter(stripe_id=stripe_id).exists():
        return None  # what the scheduler charges nobody else can be asked about
    live = stripe_gateway.fetch_invoice(stripe_id)
    if live.status == Invoice.Status.OPEN and live.amount_remaining_cents > 0:
        return None
    return PAID if live.status == Invoice.Status.PAID else NOT_OWED


def expires_before(year: int, month: int, when: datetime) -> bool:
    """Whether a card that is good until the end of that month has expired by then."""
    return (year, month) < (when.year, when.month)


def _still_expiring(membership: Membership) -> NoLongerTrue | None:
    """The network may have renewed the card, or the patient left another one (R136)."""
    due = membership.current_period_end
    live = stripe_gateway.fetch_card(str(membership.stripe_subscription_id)) if due else None
    if due and live and expires_before(live.exp_year, live.exp_month, due):
        return None
    return NoLongerTrue("card renewed", "The card on file does not expire before the next charge.")


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


def _paid(enrolment: Enrolment, now: datetime) -> NoLongerTrue | None:
    invoice = Invoice.objects.filter(stripe_id=invoice_id(enrolment)).first()
    if invoice and not invoice.needs_payment:
        return PAID if invoice.status == Invoice.Status.PAID else NOT_OWED
    return None


def _paused(enrolment: Enrolment, now: datetime) -> NoLongerTrue | None:
    paused = enrolment.membership.status == Membership.Status.PAUSED
    return NoLongerTrue("paused", "The membership is paused.") if paused else None


def _not_paused(enrolment: Enrolment, now: datetime) -> NoLongerTrue | None:
    paused = enrolment.membership.status == Membership.Status.PAUSED
    return None if paused else NoLongerTrue("not paused", "The membership is not paused any more.")


def _ended(enrolment: Enrolment, now: datetime) -> NoLongerTrue | None:
    ended = enrolment.membership.status in (Membership.Status.CANCELLED, Membership.Status.LAPSED)
    return ENDED if ended else None


def _not_active(enrolment: Enrolment, now: datetime) -> NoLongerTrue | None:
    active = enrolment.membership.status == Membership.Status.ACTIVE
    return None if active else NoLongerTrue("not active", "The membership is not active any more.")


def _no_credits(enrolment: Enrolment, now: datetime) -> NoLongerTrue | None:
    left = enrolment.membership.credits_remaining
    return None if left > 0 else NoLongerTrue("no credits", "There are no unused credits any more.")


def _booked(enrolment: Enrolment, now: datetime) -> NoLongerTrue | None:
    """settled.md 15: nothing from now to now + 30 days."""
    ahead = enrolment.membership.next_appointment_at
    return BOOKED if ahead and now < ahead <= now + BOOKED_AHEAD else None


def _visited(enrolment: Enrolment, now: datetime) -> NoLongerTrue | None:
    last = enrolment.membership.last_visit_at
    return (
        NoLongerTrue("visited", "The member has been in meanwhile.") if last and last > enrolment.started_at else None
    )


def _replied(enrolment: Enrolment, now: datetime) -> NoLongerTrue | None:
    heard = Message.objects.filter(
        patient=enrolment.membership.patient_id,
        direction=Message.Direction.IN,
        created_at__gt=enrolment.started_at,
    )
    return NoLongerTrue("replied", "The patient wrote back.") if heard.exists() else None


def _opted_out(enrolment: Enrolment, now: datetime) -> NoLongerTrue | None:
    phone = enrolment.membership.patient.phone
    out = bool(phone) and consent.is_opted_out(phone, channel=Message.Channel.SMS)
    return NoLongerTrue("opted out", "The patient opted out of texts.") if out else None


def _escalated(enrolment: Enrolment, now: datetime) -> NoLongerTrue | None:
    cases = Escalation.objects.filter(patient=enrolment.membership.patient_id, reason__in=_A_PERSON_DECIDES)
    return ESCALATED if cases.exclude(state=Escalation.State.RESOLVED).exists() else None


def _disputed(enrolment: Enrolment, now: datetime) -> NoLongerTrue | None:
    phone = enrolment.membership.patient.phone
    held = bool(phone) and Hold.Kind.DISPUTE in holds.open_kinds(phone)
    return DISPUTED if held or disputes.is_open(enrolment.membership) else None


def _came_back(enrolment: Enrolment, now: datetime) -> NoLongerTrue | None:
    """Of a membership that has ended: the patient has one again."""
    again = Membership.objects.current().filter(patient=enrolment.membership.patient_id).exists()
    return NoLongerTrue("restarted", "The patient has a membership again.") if again else None


def _plan_changed(enrolment: Enrolment, now: datetime) -> NoLongerTrue | None:
    before = enrolment.signals.get("plan")
    changed = before is not None and before != enrolment.membership.plan_id
    return NoLongerTrue("plan changed", "The plan was changed meanwhile.") if changed else None


def _card_changed(enrolment: Enrolment, now: datetime) -> NoLongerTrue | None:
    before = enrolment.signals.get("card")
    changed = before is not None and before != enrolment.membership.card_last4
    return NoLongerTrue("card changed", "There is another card on file.") if changed else None


def _price_withdrawn(enrolment: Enrolment, now: datetime) -> NoLongerTrue | None:
    taken_back = PriceChange.objects.filter(pk=enrolment.signals.get("change"), withdrawn_at__isnull=False)
    return NoLongerTrue("price withdrawn", "The announced price was taken back.") if taken_back.exists() else None


@dataclass(frozen=True)
class Stop:
    """A reason to end a sequence early; `words` name it in the editor."""

    words: str
    check: Callable[[Enrolment, datetime], NoLongerTrue | None]


# In the order in which they are asked: a STOP and a wish for a person are replies too, and are told as what they are.
STOPS: dict[str, Stop] = {
    "paused": Stop("the membership is paused", _paused),
    "paid": Stop("the invoice is settled", _paid),
    "ended": Stop("the membership has ended", _ended),
    "not_active": Stop("the membership is not active", _not_active),
    "no_credits": Stop("no credits are left", _no_credits),
    "booked": Stop("a visit is booked in the next 30 days", _booked),
    "visited": Stop("the member has been in", _visited),
    "restarted": Stop("the patient has a membership again", _came_back),
    "not_paused": Stop("the pause is over", _not_paused),
    "plan_changed": Stop("the plan is changed", _plan_changed),
    "card_changed": Stop("another card is on file", _card_changed),
    "price_withdrawn": Stop("the announced price is taken back", _price_withdrawn),
    "opted_out": Stop("the patient opts out of texts", _opted_out),
    "disputed": Stop("a payment is disputed", _disputed),
    "escalated": Stop("a person is to see to the patient", _escalated),
    "replied": Stop("the patient writes back", _replied),
}
