"""The card link outside a sequence: sent by a person from the list of payments, or asked for on the telephone."""

from datetime import datetime

from django.db import transaction

from common import money
from common.errors import Refused
from members import audit, declines, links
from members.models import Invoice, PatientLink, StaffUser
from outreach import outbox, standing_texts
from outreach.models import Call, Message


def send(*, invoice: Invoice, by: StaffUser, now: datetime) -> Message:
    """Text the patient the link for an open payment; once an hour, however often it is asked for.

    Raises Refused when nothing is open, or when no text may go out, with the reason.
    """
    with transaction.atomic():
        once = f"payment-link:{invoice.pk}:{now:%Y-%m-%d-%H}"
        message = _post(invoice, Message.Kind.STAFF, once, by, now)
        audit.record(
            "payment.link_sent",
            actor=f"staff:{by.pk}",
            patient=invoice.membership.patient,
            now=now,
            data={"invoice": invoice.stripe_id, "message": message.pk},
        )
    return _if_it_went(message)


def send_on_call(*, invoice: Invoice, call: Call, now: datetime) -> Message:
    """Text the link that the patient asked for on this call, once a call. Raises Refused as `send` does."""
    return _if_it_went(_post(invoice, Message.Kind.CONFIRMATION, f"call:{call.pk}:link", None, now))


def _post(invoice: Invoice, kind: str, once: str, by: StaffUser | None, now: datetime) -> Message:
    membership = invoice.membership
    if not invoice.needs_payment:
        raise Refused("This payment is not open any more.", code="not_open")
    confirm = declines.kind_of(invoice.decline_code) == declines.Kind.CONFIRM
    purpose = PatientLink.Purpose.CONFIRM_PAYMENT if confirm else PatientLink.Purpose.UPDATE_CARD
    amount = money.readable(invoice.amount_remaining_cents, invoice.currency)
    patient = membership.billing_contact
    return outbox.post(
        kind=kind,
        body=standing_texts.payment_link(patient, amount=amount),
        dedupe_key=once,
        patient=patient,
        location=membership.location,
        link=links.issue(membership=membership, purpose=purpose, invoice=invoice, now=now),
        author=by,
        now=now,
    )


def _if_it_went(message: Message) -> Message:
    if message.status in (Message.Status.HELD, Message.Status.DROPPED):
        raise Refused(f"The link was not sent: {message.reason}", code="held")
    return message
