"""Rows of calls: how one begins, what the carrier says of it, how it ends. What is said is the concierge's."""

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from common import phones, redaction
from common.claims import claim
from common.errors import Refused
from members import escalations
from members.models import Escalation, Patient, PatientPhone
from outreach import delivery
from outreach.models import Call, Message

Stage = Call.Stage

# The carrier's word for a call -> the word for a message, and our code where it did not get through.
_STATUSES = {
    "queued": ("queued", ""),
    "initiated": ("queued", ""),
    "ringing": ("sending", ""),
    "in-progress": ("sent", ""),
    "completed": ("delivered", ""),
    "busy": ("undelivered", "call_busy"),
    "no-answer": ("undelivered", "call_unanswered"),
    "failed": ("failed", "call_failed"),
    "canceled": ("failed", "call_failed"),
}
OVER = frozenset({"completed", "busy", "no-answer", "failed", "canceled"})


def of_message(message_uuid: UUID, *, sid: str, now: datetime) -> Call | None:
    """The row of an outgoing call; it has the message's uuid, so that one address serves both. None: not ours."""
    message = Message.objects.filter(uuid=message_uuid, channel=Message.Channel.VOICE).first()
    if message is None:
        return None
    call, _ = Call.objects.get_or_create(
        message=message,
        defaults={
            "uuid": message.uuid,
            "sid": sid[:64] or None,
            "phone": message.address,
            "patient": message.patient,
            "location": message.location,
            "created_at": now,
        },
    )
    return call


def incoming(*, sid: str, sender: str, now: datetime) -> Call:
    """The row of a call from a patient; the carrier may tell of it twice."""
    phone, patient = _who(sender)
    try:
        with transaction.atomic():
            return Call.objects.create(
                sid=sid[:64],
                phone=phone,
                patient=patient,
                location=patient.home_location if patient else None,
                created_at=now,
            )
    except IntegrityError:  # Call.sid is unique
        return Call.objects.get(sid=sid[:64])


def move(call: Call, stage: str) -> None:
    """Go on to another question; what was heard before is settled."""
    call.stage, call.heard, call.understood, call.waits = stage, "", "", 0
    call.save(update_fields=["stage", "heard", "understood", "waits"])


def hear(call: Call, words: str) -> None:
    """Keep what was said until a worker has read it. Nobody listens to a recording: only the words are kept."""
    call.heard, call.understood, call.waits = redaction.redact(words)[:400], "", 0
    call.save(update_fields=["heard", "understood", "waits"])


def read(call_pk: int, *, understood: str) -> None:
    """A worker's reading, unless something else was said meanwhile."""
    Call.objects.filter(pk=call_pk, understood="").update(understood=understood)


def end(call: Call, *, because: str, now: datetime) -> bool:
    """The last word was said. False if the call had ended."""
    going = Call.objects.filter(pk=call.pk, ended_at__isnull=True)
    return claim(going, stage=Stage.ENDED, ended_because=because[:40], ended_at=now)


def carrier_says(call: Call, *, status: str, sid: str, now: datetime) -> None:
    """A status callback; repeats and late ones change nothing (R72). Whoever hung up without a choice gets a task."""
    with transaction.atomic():
        if call.message and status in _STATUSES:
            word, code = _STATUSES[status]
            delivery.record_status(message_uuid=call.message.uuid, status=word, sid=sid, error_code=code, now=now)
        if status not in OVER:
            return
        reached = call.stage != Stage.RINGING
        if end(call, because="hung up" if reached else "not answered", now=now) and reached and call.message:
            ask_staff_to_call(call, "They hung up on the automated call before choosing anything.", now=now)


def ask_staff_to_call(call: Call, why: str, *, now: datetime) -> None:
    """The call becomes a person's: with what the step would have asked them, where it was ours."""
    what = f"{call.message.body} " if call.message else ""
    escalations.open(
        reason=Escalation.Reason.PAYMENT_CALL if call.message else Escalation.Reason.HUMAN,
        severity=Escalation.Severity.NORMAL if call.message else Escalation.Severity.HIGH,
        summary=f"{what}{why}",
        patient=call.patient,
        phone=call.phone,
        location=call.location,
        now=now,
    )


def _who(sender: str) -> tuple[str, Patient | None]:
    try:
        phone = phones.to_e164(sender)
    except Refused:  # abroad, or withheld
        return sender.strip()[:16] or "withheld", None
    found = PatientPhone.objects.filter(number=phone).select_related("patient__home_location")[:2]
    return phone, found[0].patient if len(found) == 1 else None
