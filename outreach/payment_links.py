"""The card link, sent by a person: from the list of payments or after a call."""

from datetime import datetime

from django.db import transaction

from common import money
from common.errors import Refused
from members import audit, declines, links
from members.models import Invoice, PatientLink, StaffUser
from outreach import outbox, standing_texts
from outreach.models import Message


def send(*, invoice: Invoice, by: StaffUser, now: datetime) -> Message:
    """Text the patient the link for an open payment; once an hour, however often it is asked for.

    Raises Refused when nothing is open, or when no text may go out, with the reason.
    """
    membership = invoice.membership
    if not invoice.needs_payment:
        raise Refused("This payment is not open any more.", code="not_open")
    confirm = declines.kind_of(invoice.decline_code) == declines.Kind.CONFIRM
    purpose = PatientLink.Purpose.CONFIRM_PAYMENT if confirm else PatientLink.Purpose.UPDATE_CARD
    amount = money.readable(invoice.amount_remaining_cents, invoice.currency)
    with transaction.atomic():
        message = outbox.post(
            kind=Message.Kind.STAFF,
            body=standing_texts.payment_link(membership.patient, amount=amount),
            dedupe_key=f"payment-link:{invoice.pk}:{now:%Y-%m-%d-%H}",
            patient=membership.patient,
            location=membership.location,
            link=links.issue(membership=membership, purpose=purpose, invoice=invoice, now=now),
            author=by,
            now=now,
        )
        audit.record(
            "payment.link_sent",
            actor=f"staff:{by.pk}",
            patient=membership.patient,
            now=now,
            data={"invoice": invoice.stripe_id, "message": message.pk},
        )
    if message.status in (Message.Status.HELD, Message.Status.DROPPED):
        raise Refused(f"The link was not sent: {message.reason}", code="held")
    return message
