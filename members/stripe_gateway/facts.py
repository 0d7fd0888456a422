"""What we read of Stripe's objects, in the shapes of basil and later (R131)."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import stripe


@dataclass(frozen=True)
class InvoiceFacts:
    """An invoice as Stripe has it now. The period is that of the subscription's own line: what the money is for."""

    id: str
    number: str
    status: str
    billing_reason: str
    customer_id: str
    subscription_id: str  # "" for an invoice without one
    amount_due_cents: int
    amount_remaining_cents: int
    currency: str
    attempt_count: int
    attempted: bool
    next_attempt_at: datetime | None
    issued_at: datetime
    paid_at: datetime | None
    period_start: datetime
    period_end: datetime
    hosted_url: str  # Stripe's own page of the invoice; "" for a draft

    @property
    def is_of_membership(self) -> bool:
        """False for an invoice that somebody made, as for a fee: it is no part of what the membership costs."""
        return self.billing_reason.startswith("subscription")


@dataclass(frozen=True)
class SubscriptionFacts:
    id: str
    customer_id: str
    status: str
    price_id: str
    period_start: datetime
    period_end: datetime
    cancel_at_period_end: bool
    collection_paused: bool
    resumes_at: datetime | None
    ended_at: datetime | None
    default_payment_method_id: str  # "" when the customer's default is used
    item_id: str
    schedule_id: str  # "" when no other price is scheduled
    ends_at: datetime | None  # when a cancellation that was asked for comes true
    latest_invoice_id: str
    ended_unpaid: bool  # Stripe gave up collecting, nobody asked to cancel


@dataclass(frozen=True)
class CardFacts:
    payment_method_id: str
    brand: str
    last4: str
    exp_month: int
    exp_year: int


@dataclass(frozen=True)
class SubscriptionWithCard:
    """A subscription, and the card that its next charge uses."""

    facts: SubscriptionFacts
    card: CardFacts | None


@dataclass(frozen=True)
class HostedSession:
    id: str
    url: str


@dataclass(frozen=True)
class CardSession:
    id: str
    created_at: datetime
    complete: bool
    customer_id: str
    payment_method_id: str  # "" until complete


def invoice_facts(found: stripe.Invoice) -> InvoiceFacts:
    line = _own_line(found)
    of = found.parent.subscription_details if found.parent else None
    moments = found.status_transitions
    return InvoiceFacts(
        id=str(found.id),
        number=found.number or "",
        status=found.status or "",
        billing_reason=found.billing_reason or "",
        customer_id=id_of(found.customer),
        subscription_id=id_of(of.subscription) if of else "",
        amount_due_cents=found.amount_due,
        amount_remaining_cents=found.amount_remaining,
        currency=found.currency,
        attempt_count=found.attempt_count,
        attempted=found.attempted,
        next_attempt_at=_maybe_at(found.next_payment_attempt),
        issued_at=at(moments.finalized_at or found.created),
        paid_at=_maybe_at(moments.paid_at),
        period_start=at(line.period.start if line else found.period_start),
        period_end=at(line.period.end if line else found.period_end),
        hosted_url=found.hosted_invoice_url or "",
    )


def _own_line(found: stripe.Invoice) -> stripe.InvoiceLineItem | None:
    """Pending items and prorations are listed before the subscription's line; their periods are other ones."""
    for line in found.lines.data:
        of = line.parent.subscription_item_details if line.parent else None
        if of and not of.proration:
            return line
    return found.lines.data[0] if found.lines.data else None


def subscription_facts(found: stripe.Subscription) -> SubscriptionFacts:
    item = found.items.data[0]
    pause = found.pause_collection
    return SubscriptionFacts(
        id=found.id,
        customer_id=id_of(found.customer),
        status=found.status,
        price_id=item.price.id,
        period_start=at(item.current_period_start),
        period_end=at(item.current_period_end),
        cancel_at_period_end=found.cancel_at_period_end,
        collection_paused=pause is not None,
        resumes_at=_maybe_at(pause.resumes_at) if pause else None,
        ended_at=_maybe_at(found.ended_at),
        default_payment_method_id=id_of(found.default_payment_method),
        item_id=item.id,
        schedule_id=id_of(found.schedule),
        ends_at=_ends_at(found),
        latest_invoice_id=id_of(found.latest_invoice),
        ended_unpaid=bool(found.cancellation_details and found.cancellation_details.reason == "payment_failed"),
    )


def _ends_at(found: stripe.Subscription) -> datetime | None:
    if found.ended_at:
        return None
    if found.cancel_at_period_end:
        return at(found.items.data[0].current_period_end)
    return _maybe_at(found.cancel_at)


def card_facts(found: Any) -> CardFacts | None:
    """Of a PaymentMethod, or of a card kept as an old-style source; None for a bank account and the like."""
    card = found if found.object == "card" else getattr(found, "card", None)
    if card is None:
        return None
    return CardFacts(found.id, card.brand.lower(), card.last4, card.exp_month, card.exp_year)


@dataclass(frozen=True)
class DisputeFacts:
    """`status` in Stripe's words; it is over when `is_closed`."""

    id: str
    customer_id: str
    payment_intent_id: str
    amount_cents: int
    currency: str
    reason: str
    status: str
    opened_at: datetime
    answer_by: datetime | None

    @property
    def is_closed(self) -> bool:
        return self.status in ("won", "lost", "warning_closed", "prevented")


@dataclass(frozen=True)
class RefundFacts:
    """What was given back of one charge."""

    charge_id: str
    customer_id: str
    payment_intent_id: str
    refunded_cents: int
    currency: str


def dispute_facts(found: stripe.Dispute) -> DisputeFacts:
    """`charge` must have been expanded: only it names the customer."""
    charge = found.charge
    return DisputeFacts(
        id=found.id,
        customer_id=id_of(charge.customer) if isinstance(charge, stripe.Charge) else "",
        payment_intent_id=id_of(found.payment_intent),
        amount_cents=found.amount,
        currency=found.currency,
        reason=found.reason,
        status=found.status,
        opened_at=at(found.created),
        answer_by=_maybe_at(found.evidence_details.due_by),
    )


def refund_facts(found: stripe.Charge) -> RefundFacts:
    return RefundFacts(
        charge_id=found.id,
        customer_id=id_of(found.customer),
        payment_intent_id=id_of(found.payment_intent),
        refunded_cents=found.amount_refunded,
        currency=found.currency,
    )


def id_of(reference: Any) -> str:
    """Of a field that Stripe gives as an id, an expanded object or null."""
    return reference if isinstance(reference, str) else (reference.id if reference else "")


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _maybe_at(seconds: int | None) -> datetime | None:
    return at(seconds) if seconds else None
