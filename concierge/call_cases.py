"""What a call leaves to people: who is called back by when, an emergency, a wish to cancel, the desk's number."""

from datetime import datetime

from common import phones, redaction
from concierge import replies
from concierge.replies import Voice
from concierge.understanding.safety import Emergency
from members import escalations, holds
from members.models import Escalation, Hold, Invoice, Location, Practice
from outreach import step_facts
from outreach.models import Call

Reason, Severity = Escalation.Reason, Escalation.Severity
_QUOTED = 300


def desk(call: Call, *, now: datetime) -> Location | None:
    """The location whose people answer: the patient's, else the one that opens first."""
    return call.location or min(Location.objects.all(), key=lambda place: place.next_open(now), default=None)


def desk_number(call: Call, *, now: datetime) -> str | None:
    """Where a live call is put through; None while the desk is closed."""
    location = desk(call, now=now)
    if location is None:
        return None
    hours = location.hours_on(now)
    is_open = hours is not None and hours[0] <= now < hours[1]
    return (location.transfer_number or location.phone) if is_open else None


def call_back(call: Call, why: str, *, now: datetime) -> str:
    """Open the case, and say by when: 'by 3:30 pm today'."""
    location = desk(call, now=now)
    case = escalations.open(
        reason=Reason.HUMAN,
        severity=Severity.HIGH,
        summary=f"{_who(call)} on the telephone: {why} Call back.{_last_heard(call)}",
        patient=call.patient,
        phone=call.phone,
        location=location,
        now=now,
    )
    voice = Voice(Practice.current().name, call.patient.language if call.patient else "en")
    return replies.by_when(voice, case.due_at, now=now, zone=location.time_zone if location else "UTC")


def wants_to_cancel(call: Call, *, now: datetime) -> None:
    escalations.open(
        reason=Reason.CANCELLATION,
        summary=f"{_who(call)} said on the telephone that the membership should end. It is not cancelled."
        f"{_last_heard(call)}",
        patient=call.patient,
        phone=call.phone,
        location=desk(call, now=now),
        now=now,
    )


def page(call: Call, kind: Emergency, words: str, *, language: str, now: datetime) -> str:
    """Raise the gravest case, stop all automation for the number, and say the fixed words (R159-R165)."""
    location = desk(call, now=now)
    heard = redaction.redact(words)[:_QUOTED]
    escalations.open(
        reason=Reason.EMERGENCY,
        severity=Severity.EMERGENCY,
        summary=f"Possible emergency ({kind.value.replace('_', ' ')}) on the telephone, {_who(call)}: “{heard}”. "
        "The fixed emergency words were said. Call now.",
        patient=call.patient,
        phone=call.phone,
        location=location,
        now=now,
    )
    for hold in (Hold.Kind.CLINICAL, Hold.Kind.PERSON):
        holds.place(kind=hold, phone=call.phone, patient=call.patient, now=now)
    number = location.phone if location else Practice.current().phone
    return replies.emergency(kind, language=language, phone=phones.readable(number))


def open_invoice(call: Call) -> Invoice | None:
    """The payment that the call is about; of a caller, the newest one that is open."""
    if call.message and call.message.enrolment:
        return step_facts.invoice(call.message.enrolment)
    if call.patient is None:
        return None
    return Invoice.objects.owed().filter(membership__patient=call.patient).order_by("-issued_at", "-pk").first()


def _who(call: Call) -> str:
    return call.patient.full_name if call.patient else phones.readable(call.phone)


def _last_heard(call: Call) -> str:
    return f" Last words: “{call.heard[:_QUOTED]}”." if call.heard else ""
