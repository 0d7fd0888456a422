"""Our rows brought to what Stripe answered: one locked, atomic step a live object."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from members import audit, credits, escalations, membership_changes, membership_mirror, price_moves
from members.models import BillingChange, Escalation, Invoice, Membership, Quote, StripeEvent
from members.stripe_gateway import CardFacts, InvoiceFacts, SubscriptionFacts

Status = Membership.Status


@dataclass(frozen=True)
class Live:
    """What Stripe answered, and when we began to ask."""

    fetched_at: datetime
    subscription: SubscriptionFacts
    card: CardFacts | None
    invoice: InvoiceFacts | None
    decline_code: str


def apply(live: Live, *, membership_pk: int, event: StripeEvent, now: datetime) -> bool:
    """Set state, invoice, credits and audit, and write the fact that floors above act on. All or nothing.

    False when the answer about the invoice may be older than what we have: then it must be asked for again.
    """
    with transaction.atomic():
        membership = (
            Membership.objects.select_for_update(of=("self",))
            .select_related("plan", "plan_version", "patient__home_location")
            .get(pk=membership_pk)
        )
        fresh = membership.stripe_fetched_at is None or live.fetched_at >= membership.stripe_fetched_at
        if fresh:
            _mirror_subscription(membership, live, now)
        return not live.invoice or _mirror_invoice(membership, live, live.invoice, event=event, fresh=fresh, now=now)


def _mirror_subscription(membership: Membership, live: Live, now: datetime) -> None:
    before = membership.status
    _follow_price(membership, live.subscription.price_id, now)
    membership_mirror.follow(membership, live.subscription, fetched_at=live.fetched_at, now=now)
    _mirror_card(membership, live.card, now)
    membership.save()
    membership_mirror.tell(membership, before=before, now=now)


def _mirror_card(membership: Membership, card: CardFacts | None, now: datetime) -> None:
    had_one = bool(membership.card_last4)
    membership.card_brand, membership.card_last4 = (card.brand, card.last4) if card else ("", "")
    membership.card_exp_month, membership.card_exp_year = (card.exp_month, card.exp_year) if card else (None, None)
    if had_one and card is None and membership.status in (Status.ACTIVE, Status.PAST_DUE):
        escalations.open(
            reason=Escalation.Reason.PAYMENT,
            patient=membership.patient,
            summary="The card was taken off at Stripe and no other is on file: the next charge will fail. Send the "
            "card link.",
            now=now,
        )


def _follow_price(membership: Membership, price_id: str, now: datetime) -> None:
    if membership_mirror.is_own_price(price_id, membership.plan_version) or _is_being_upgraded(membership, price_id):
        return
    version = membership_mirror.sold_at(price_id, membership=membership)
    if version is None:
        escalations.open(
            reason=Escalation.Reason.BILLING_SYNC,
            patient=membership.patient,
            summary=f"Stripe charges a price ({price_id}) that belongs to no plan here. Set it on the right plan.",
            now=now,
        )
        return
    audit.record(
        "membership.plan_changed",
        actor="stripe",
        patient=membership.patient,
        now=now,
        data={"membership": membership.pk, "from": membership.plan_version_id, "to": version.pk},
    )
    before, membership.plan_version = membership.plan_version, version
    membership_changes.note_plan(membership, before=before, now=now)
    price_moves.come_true(membership, now=now)


def _is_being_upgraded(membership: Membership, price_id: str) -> bool:
    """Stripe may tell of our own upgrade before its answer is written: what it adds is counted from the plan before."""
    under_way = membership.quotes.filter(state=Quote.State.ACCEPTED, act=Quote.Act.UPGRADE)
    return under_way.filter(plan_version__stripe_price_id=price_id).exists()


def _mirror_invoice(
    membership: Membership, live: Live, facts: InvoiceFacts, *, event: StripeEvent, fresh: bool, now: datetime
) -> bool:
    known = Invoice.objects.select_for_update().filter(stripe_id=facts.id).first()
    if known and known.status in Invoice.FINAL:
        return True  # never reopened
    if known and not fresh and facts.status not in Invoice.FINAL:
        return False

    invoice = known or Invoice(stripe_id=facts.id, membership=membership)
    failed_before, attempts_before = invoice.first_failed_at is not None, invoice.attempt_count
    _copy(facts, invoice, live.decline_code)
    # A refused fee is no refused membership: the act that it belongs to tells the patient, and drops it.
    failing = facts.is_of_membership and invoice.needs_payment and facts.attempted and facts.attempt_count > 0
    if failing and not failed_before:
        invoice.first_failed_at = now
    invoice.save()

    if invoice.status == Invoice.Status.PAID and invoice.opens_period:
        period = (facts.period_start, facts.period_end)
        credits.grant_period(membership=membership, invoice=invoice, period=period, now=now)
    if failing and membership.status != Status.PENDING and (not failed_before or facts.attempt_count > attempts_before):
        _state_fact(BillingChange.Kind.PAYMENT_FAILED, invoice, event, now)
    elif failed_before and not invoice.needs_payment:
        _state_fact(BillingChange.Kind.PAYMENT_SETTLED, invoice, event, now)
    return True


def _copy(facts: InvoiceFacts, invoice: Invoice, decline_code: str) -> None:
    invoice.number = facts.number
    invoice.status = facts.status
    invoice.opens_period = facts.billing_reason in ("subscription_create", "subscription_cycle")
    invoice.amount_due_cents = facts.amount_due_cents
    invoice.amount_remaining_cents = facts.amount_remaining_cents
    invoice.currency = facts.currency
    invoice.attempt_count = facts.attempt_count
    invoice.next_attempt_at = facts.next_attempt_at
    invoice.issued_at = facts.issued_at
    invoice.paid_at = facts.paid_at
    invoice.decline_code = decline_code or invoice.decline_code


def _state_fact(kind: str, invoice: Invoice, event: StripeEvent, now: datetime) -> None:
    BillingChange.objects.get_or_create(
        membership=invoice.membership, event=event, defaults={"invoice": invoice, "kind": kind, "occurred_at": now}
    )
    audit.record(
        f"billing.{kind}",
        actor="stripe",
        patient=invoice.membership.patient,
        now=now,
        data={
            "invoice": invoice.stripe_id,
            "status": invoice.status,
            "cents": invoice.amount_due_cents,
            "attempt": invoice.attempt_count,
        },
    )
