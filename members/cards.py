"""A patient's new card: a hosted session minted at the click, then the card set where it counts and the debt paid.

No card field is ours (R122). Stripe's portal would set only the customer's card while retries use the
subscription's; here both are set and the open invoice is paid at once (R142).
"""

from datetime import datetime, timedelta
from enum import StrEnum

from common.errors import Refused
from members import audit, escalations, links, stripe_gateway
from members.models import AuditEntry, Escalation, Invoice, Membership, PatientLink

_KEYS_LIVE = timedelta(hours=24)  # so long Stripe knows an idempotency key, and a repeat is no new act (R145)


class CardOutcome(StrEnum):
    PAID = "paid"
    SAVED = "saved"  # the card is set and nothing was owed
    DECLINED = "declined"  # the card is set, the open invoice could not be paid with it
    NOT_FINISHED = "not_finished"  # the hosted page was left, or the session is not this member's


def owed(membership: Membership) -> list[Invoice]:
    """The open invoices that a new card is charged for at once, oldest first: all of them, and no others."""
    return list(membership.invoices.owed().at_stripe().order_by("issued_at", "pk"))


def start_update(*, link: PatientLink, now: datetime) -> str:
    """The address of a hosted session, made now (R151). A double click within a minute gets the same session.

    Raises Refused when the membership has ended or has no customer at Stripe; StripeUnavailable when Stripe cannot be
    reached.
    """
    membership = link.membership
    if membership.status in (Membership.Status.CANCELLED, Membership.Status.LAPSED):
        raise Refused("This membership has ended. Please call us.", code="ended")
    if not membership.stripe_customer_id:
        raise Refused("This membership is not set up for card payments. Please call us.", code="no_customer")
    back = links.url(link)
    session = stripe_gateway.create_card_session(
        customer_id=membership.stripe_customer_id,
        success_url=f"{back}done/?session_id={{CHECKOUT_SESSION_ID}}",
        cancel_url=back,
        key=f"card-session:{link.uuid}:{int(now.timestamp()) // 60}{_used_up(link)}",
    )
    PatientLink.objects.filter(pk=link.pk).update(session_id=session.id)
    audit.record(
        "card.update_started",
        actor=f"patient:{membership.patient_id}",
        patient=membership.patient,
        now=now,
        data={"link": link.pk},
    )
    return session.url


def confirm_payment(*, link: PatientLink, now: datetime) -> str:
    """The address of Stripe's own page of the invoice, where the patient confirms the charge with the bank (R138).

    "" when nothing is open any more. Raises StripeUnavailable.
    """
    invoice = stripe_gateway.fetch_invoice(link.invoice.stripe_id) if link.invoice else None
    if invoice is None or invoice.status != Invoice.Status.OPEN:
        return ""
    audit.record(
        "payment.confirmation_started",
        actor=f"patient:{link.membership.patient_id}",
        patient=link.membership.patient,
        now=now,
        data={"link": link.pk, "invoice": invoice.id},
    )
    return invoice.hosted_url


def finish_update(*, link: PatientLink, session_id: str, now: datetime) -> CardOutcome:
    """What came of the hosted page, after setting the card and paying what is open. Safe to call again.

    Raises StripeUnavailable when Stripe cannot be reached; then nothing is lost, its own event finishes the work.
    """
    session = stripe_gateway.fetch_card_session(session_id)
    if now - session.created_at < _KEYS_LIVE:
        outcome = _finish(link.membership, session, now)
    else:  # a tab reloaded days later must not bring the old card back; it only tells what came of it
        outcome = CardOutcome.SAVED if link.completed_at else CardOutcome.NOT_FINISHED
    if outcome == CardOutcome.SAVED and link.invoice:  # Stripe's event may have paid it a moment before the page came
        paid = stripe_gateway.fetch_invoice(link.invoice.stripe_id).status == Invoice.Status.PAID
        outcome = CardOutcome.PAID if paid else outcome
    if outcome in (CardOutcome.PAID, CardOutcome.SAVED):
        PatientLink.objects.filter(pk=link.pk, completed_at__isnull=True).update(completed_at=now)
    return outcome


def finish_session(*, session_id: str, now: datetime) -> bool:
    """The same, told by Stripe's event: for a patient who closed the page too early. False: no member of ours."""
    session = stripe_gateway.fetch_card_session(session_id)
    membership = (
        Membership.objects.current().filter(stripe_customer_id=session.customer_id).exclude(stripe_customer_id="")
    ).first()
    if membership is None:
        return False
    if now - session.created_at < _KEYS_LIVE:
        _finish(membership, session, now)
    elif session.complete and not _was_told(membership, session_id):
        escalations.open(  # neither an older card nor a charge that nobody expects any more
            reason=Escalation.Reason.PAYMENT,
            patient=membership.patient,
            summary="Stripe told us a day late of a card that the patient left. Nothing was charged to it: look in "
            "Stripe which card is the right one.",
            now=now,
        )
    return True


def _used_up(link: PatientLink) -> str:
    """Part of the key when the last session is over: a finished page takes no second card, so a new one is made."""
    if not link.session_id or not stripe_gateway.fetch_card_session(link.session_id).complete:
        return ""
    return f":after:{link.session_id}"


def _finish(membership: Membership, session: stripe_gateway.CardSession, now: datetime) -> CardOutcome:
    ours = session.customer_id == membership.stripe_customer_id and membership.stripe_subscription_id
    if not (session.complete and session.payment_method_id and ours):
        return CardOutcome.NOT_FINISHED
    subscription_id = str(membership.stripe_subscription_id)
    stripe_gateway.set_default_card(
        customer_id=membership.stripe_customer_id,
        subscription_id=subscription_id,
        payment_method_id=session.payment_method_id,
        key=f"card:{session.id}",
    )
    # Only what the page named: a charge that the patient did not see is left to Stripe's own retries.
    named = {invoice.stripe_id for invoice in owed(membership)}
    invoices = [invoice for invoice in stripe_gateway.open_invoices(subscription_id) if invoice.id in named]
    outcome = CardOutcome.SAVED
    for invoice in invoices:
        try:
            # Once for this session: the page and Stripe's event may both come here (R145).
            stripe_gateway.pay_invoice(invoice.id, key=f"pay:{invoice.id}:{session.id}")
        except stripe_gateway.CardDeclined:
            outcome = CardOutcome.DECLINED
            break
        outcome = CardOutcome.PAID
    _trace(membership, session.id, outcome, len(invoices), now)
    return outcome


def _trace(membership: Membership, session_id: str, outcome: CardOutcome, paid: int, now: datetime) -> None:
    """One row a session, though the page, its reload and Stripe's event all come here."""
    if _was_told(membership, session_id):
        return
    audit.record(
        "card.updated",
        actor=f"patient:{membership.patient_id}",
        patient=membership.patient,
        now=now,
        data={"membership": membership.pk, "session": session_id, "outcome": outcome, "invoices": paid},
    )


def _was_told(membership: Membership, session_id: str) -> bool:
    told = AuditEntry.objects.filter(action="card.updated", patient=membership.patient, data__session=session_id)
    return told.exists()
