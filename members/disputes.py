"""Disputes and refunds: money that goes back. Both end every sequence of the member (R136, R143).

While a dispute is open a hold keeps automation silent for the member's numbers: whatever is said may be quoted to the
bank, and who disputes a charge must not be chased for the next one.
"""

from datetime import datetime

from django.db import transaction

from common import clock
from members import audit, escalations, holds, stripe_gateway
from members.models import BillingChange, Dispute, Escalation, Hold, Invoice, Membership, PatientPhone, StripeEvent
from members.stripe_gateway import DisputeFacts

Kind = BillingChange.Kind


def follow_dispute(*, dispute_id: str, event: StripeEvent, now: datetime) -> bool:
    """Mirror the live dispute; hold and case when it is new, release when it is over. False: no member of ours."""
    facts = stripe_gateway.fetch_dispute(dispute_id)
    membership = Membership.objects.of_customer(facts.customer_id)
    if membership is None:
        return False
    paid = stripe_gateway.invoice_of_payment(facts.payment_intent_id) if facts.payment_intent_id else ""
    with transaction.atomic():
        membership = Membership.objects.select_for_update().get(pk=membership.pk)
        known = Dispute.objects.filter(stripe_id=facts.id).first()
        if known and known.closed_at:
            return True  # final: an answer fetched before it closed comes too late
        dispute = known or Dispute(stripe_id=facts.id, membership=membership, opened_at=facts.opened_at)
        _copy(facts, dispute, paid, now)
        if known is None:
            _opened(dispute, event, now)
        if facts.is_closed:
            _closed(dispute, event, now)
    return True


def follow_refund(*, charge_id: str, event: StripeEvent, now: datetime) -> bool:
    """Note what was given back of a payment, once for each amount. False: no member of ours."""
    facts = stripe_gateway.fetch_refund(charge_id)
    membership = Membership.objects.of_customer(facts.customer_id)
    if membership is None:
        return False
    paid = stripe_gateway.invoice_of_payment(facts.payment_intent_id) if facts.payment_intent_id else ""
    with transaction.atomic():
        Membership.objects.select_for_update().get(pk=membership.pk)
        invoice = Invoice.objects.filter(stripe_id=paid).first() if paid else None
        if invoice and facts.refunded_cents <= invoice.refunded_cents:
            return True
        if invoice:
            invoice.refunded_cents = facts.refunded_cents
            invoice.save(update_fields=["refunded_cents"])
        _state(Kind.REFUNDED, membership, invoice, event, now, cents=facts.refunded_cents)
    return True


def is_open(membership: Membership) -> bool:
    return membership.disputes.filter(closed_at__isnull=True).exists()


def _copy(facts: DisputeFacts, dispute: Dispute, invoice_id: str, now: datetime) -> None:
    dispute.invoice = Invoice.objects.filter(stripe_id=invoice_id).first() if invoice_id else None
    dispute.amount_cents, dispute.currency = facts.amount_cents, facts.currency
    dispute.reason, dispute.status = facts.reason, facts.status
    dispute.answer_by = facts.answer_by
    dispute.closed_at = now if facts.is_closed else None
    dispute.save()


def _opened(dispute: Dispute, event: StripeEvent, now: datetime) -> None:
    membership = dispute.membership
    _state(Kind.DISPUTE_OPENED, membership, dispute.invoice, event, now, cents=dispute.amount_cents)
    if dispute.closed_at:
        return  # told late: there is nothing to answer any more
    for number in _numbers(membership):
        holds.place(kind=Hold.Kind.DISPUTE, phone=number, patient=membership.patient, now=now)
    zone = membership.location.time_zone
    by = f" Stripe waits for the answer until {_date(dispute.answer_by, zone)}." if dispute.answer_by else ""
    escalations.open(
        reason=Escalation.Reason.DISPUTE,
        severity=Escalation.Severity.HIGH,
        summary=f"A payment of {dispute.amount} is disputed at the bank (“{dispute.reason.replace('_', ' ')}”).{by} "
        "Answer it in Stripe. Automatic messages to the patient are stopped until the bank has decided.",
        patient=membership.patient,
        location=membership.location,
        now=now,
    )


def _closed(dispute: Dispute, event: StripeEvent, now: datetime) -> None:
    membership = dispute.membership
    if not is_open(membership):
        for number in _numbers(membership):
            holds.release(kind=Hold.Kind.DISPUTE, phone=number, now=now)
    # One event states one fact; a dispute that opens closed states only that it was there.
    _state(Kind.DISPUTE_CLOSED, membership, dispute.invoice, event, now, cents=dispute.amount_cents)
    if dispute.status == "lost":
        escalations.open(
            reason=Escalation.Reason.DISPUTE,
            summary=f"The bank gave the disputed {dispute.amount} back to the patient. Decide with a manager whether "
            "the membership goes on. Automatic messages may go out again.",
            patient=membership.patient,
            location=membership.location,
            now=now,
        )


def _numbers(membership: Membership) -> list[str]:
    """Of the patient, and of whoever pays for them: that may be the one who disputes."""
    people = {membership.patient_id, membership.billing_contact.pk}
    phones = PatientPhone.objects.filter(patient__in=people).order_by("number")
    return list(phones.values_list("number", flat=True).distinct())


def _date(when: datetime | None, zone: str) -> str:
    if when is None:
        return ""
    local = clock.local(when, zone)
    return f"{local:%B} {local.day}"


def _state(
    kind: str, membership: Membership, invoice: Invoice | None, event: StripeEvent, now: datetime, *, cents: int
) -> None:
    BillingChange.objects.get_or_create(
        membership=membership, event=event, defaults={"invoice": invoice, "kind": kind, "occurred_at": now}
    )
    data = {"membership": membership.pk, "invoice": invoice.stripe_id if invoice else "", "cents": cents}
    audit.record(f"billing.{kind}", actor="stripe", patient=membership.patient, now=now, data=data)
