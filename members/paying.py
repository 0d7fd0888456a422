"""What is owed, paid with the card on file: at the patient's own click, never by a schedule of ours (R137)."""

from datetime import datetime

from common.errors import Refused
from members import audit, cards, stripe_gateway
from members.cards import CardOutcome
from members.models import Invoice, PatientLink

MOST_ATTEMPTS = 8  # R141


def pay_now(*, link: PatientLink, now: datetime) -> CardOutcome:
    """Charge each open invoice once, oldest first. A double click within a minute is one attempt (R145).

    Raises Refused when nothing is owed or the card was refused too often; StripeUnavailable, StripeRefused.
    """
    membership, owed = link.membership, cards.owed(link.membership)
    if not owed:
        raise Refused("Nothing is due any more.", code="nothing_due")
    if any(invoice.attempt_count >= MOST_ATTEMPTS for invoice in owed):
        raise Refused("This card was refused too often. Please use another card.", code="too_many_attempts")
    outcome = CardOutcome.PAID
    for invoice in owed:
        try:
            stripe_gateway.pay_invoice(invoice.stripe_id, key=_key(invoice, link, now))
        except stripe_gateway.CardDeclined:
            outcome = CardOutcome.DECLINED
            break
    if outcome == CardOutcome.PAID:
        PatientLink.objects.filter(pk=link.pk, completed_at__isnull=True).update(completed_at=now)
    audit.record(
        "invoice.paid_by_link",
        actor=f"patient:{membership.patient_id}",
        patient=membership.patient,
        now=now,
        data={"membership": membership.pk, "link": link.pk, "outcome": outcome, "invoices": len(owed)},
    )
    return outcome


def _key(invoice: Invoice, link: PatientLink, now: datetime) -> str:
    return f"pay-now:{invoice.stripe_id}:{link.uuid}:{int(now.timestamp()) // 60}"
