"""What became of an e-mail, and e-mail from patients: bounces, complaints, opt-outs (R30, R39)."""

import re
from datetime import datetime

from django.db import IntegrityError, transaction

from common import redaction
from members.models import Patient
from outreach import delivery, keywords, opt_outs, suppressions
from outreach.keywords import Meaning
from outreach.models import Message, Suppression
from outreach.transports import mail
from outreach.transports.mail_events import InboundMail, MailEvent

EMAIL = Message.Channel.EMAIL
_STATUSES = {"delivered": "delivered", "bounced": "undelivered", "rejected": "failed"}
_CODES = {"bounced": "bounced", "rejected": "mail_rejected"}
# These words are about e-mail only; any other way out ends texts and automated calls too (R30).
_OF_MAIL = re.compile(r"unsubscribe|e-?mail|newsletter|mailing list|correo", re.I)
_LONGEST = 4_000


def take_in(event: MailEvent, *, now: datetime) -> None:
    """Repeats change nothing. A late bounce counts also after the server took the e-mail."""
    if event.kind in ("complained", "unsubscribed"):
        opt_outs.record(address=event.address, channel=EMAIL, wording=event.kind, source="mail service", now=now)
    if event.kind == "bounced":
        suppressions.add(address=event.address, channel=EMAIL, why=Suppression.Why.INVALID, code="bounced", now=now)
    uuid = mail.uuid_in(event.message_id)
    if uuid and event.kind in _STATUSES:
        code = _CODES.get(event.kind, "")
        delivery.record_status(message_uuid=uuid, status=_STATUSES[event.kind], sid="", error_code=code, now=now)


def receive(letter: InboundMail, *, now: datetime) -> Message | None:
    """Keep one e-mail from a patient, cards taken out, and settle an opt-out. None: it came before."""
    found = list(Patient.objects.filter(email__iexact=letter.sender).select_related("home_location")[:2])
    patient = found[0] if len(found) == 1 else None
    try:
        with transaction.atomic():
            message = Message.objects.create(
                direction=Message.Direction.IN,
                kind=Message.Kind.INBOUND,
                status=Message.Status.RECEIVED,
                channel=EMAIL,
                patient=patient,
                location=patient.home_location if patient else None,
                address=letter.sender[:254],
                body=redaction.redact(letter.text)[:_LONGEST],
                provider_sid=f"mail:{letter.ident}"[:64],
                created_at=now,
            )
    except IntegrityError:  # Message.provider_sid is unique
        return None
    return message


def says_stop(message: Message) -> bool:
    lines = [line for line in message.body.splitlines() if line.strip()]
    return any(keywords.read(line).meaning == Meaning.STOP for line in lines[:3])


def opt_out(message: Message, *, now: datetime) -> None:
    """E-mail ends; texts and calls too, unless the words are of e-mail only."""
    said = message.body.strip()[:200]
    opt_outs.record(address=message.address, channel=EMAIL, wording=said, source="e-mail", now=now)
    if message.patient and message.patient.phone and not _OF_MAIL.search(said):
        opt_outs.record(address=message.patient.phone, wording=said, source="e-mail", now=now)
