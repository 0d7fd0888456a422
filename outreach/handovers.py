"""What cannot be texted goes to a person: nothing is silently lost."""

from datetime import datetime

from common import clock
from members import escalations
from members.models import Escalation
from outreach.models import Enrolment, Message, Sequence

Kind = Message.Kind

# An unresolved case of this subject is the brake on the sender; resolving it releases it (R80: halt until fixed).
SENDER_HALTED = "sender:halted"

# Nobody waits for a nudge that did not arrive; for these somebody does.
_MISSED = {Kind.SERVICING, Kind.STAFF, Kind.EMERGENCY, Kind.REPLY}


def undelivered(message: Message, *, now: datetime, always: bool = False) -> None:
    """The message did not arrive, or may not have: open a case where somebody counts on it (or `always`)."""
    if message.channel == Message.Channel.VOICE:
        _call_missed(message, now)
        return
    owed = message.kind == Kind.NOTICE and message.channel == Message.Channel.EMAIL  # the last way there was (R103)
    if message.kind not in _MISSED and not always and not owed:
        return
    emergency = message.kind == Kind.EMERGENCY
    what = f"{message.get_kind_display()} (message {message.pk}) may not have arrived: {message.reason}"
    escalations.open(
        reason=Escalation.Reason.EMERGENCY if emergency else Escalation.Reason.UNDELIVERED,
        severity=Escalation.Severity.EMERGENCY if emergency else Escalation.Severity.HIGH,
        # R163
        summary=f"Patient not reachable by text, call now. {what}" if emergency else f"{what} Call instead.",
        patient=message.patient,
        phone=_phone(message),
        location=message.location,
        now=now,
    )


def _call_missed(message: Message, now: datetime) -> None:
    """An automated call that reached nobody becomes the call of a person."""
    escalations.open(
        reason=Escalation.Reason.PAYMENT_CALL,
        summary=f"{message.body} The automated call did not get through: {message.reason}",
        patient=message.patient,
        phone=message.address,
        location=message.location,
        now=now,
    )


def _phone(message: Message) -> str:
    if message.channel != Message.Channel.EMAIL:
        return message.address
    return message.patient.phone if message.patient else ""


def cannot_text(message: Message, *, now: datetime) -> None:
    """A payment text or a required notice was held for good: it goes to a person at once."""
    if message.enrolment is None or message.kind not in (Kind.SERVICING, Kind.NOTICE):
        return
    if message.kind == Kind.NOTICE:
        what = f"The notice “{message.enrolment.sequence}” cannot be sent"
    elif message.enrolment.sequence.slug == Sequence.Slug.EXPIRING_CARD:
        return  # if the card fails, there will be a payment to call about
    else:
        what = "A membership payment failed and the patient cannot be texted about it"
    escalations.open(
        reason=Escalation.Reason.PAYMENT,
        summary=f"{what}: {message.reason} Please call.",
        patient=message.patient,
        phone=_phone(message),
        location=message.location,
        now=now,
    )


def ask_at_check_in(enrolment: Enrolment, *, now: datetime) -> None:
    """A flag for the desk in place of a text: who comes in anyway is asked there, face to face."""
    membership = enrolment.membership
    when = clock.local(membership.next_appointment_at or now, membership.location.time_zone)
    escalations.open(
        reason=Escalation.Reason.CHECK_IN,
        summary=f"Comes in on {when:%A} at {when.hour % 12 or 12}:{when:%M} {when:%p}. The membership payment did not "
        "go through: ask for a card at check-in. No text is sent until then.",
        patient=membership.patient,
        location=membership.location,
        now=now,
    )


def sender_halted(*, code: str, now: datetime) -> None:
    """The carrier refuses us as a sender: texting stops until this case is resolved (R80)."""
    escalations.open(
        reason=Escalation.Reason.UNDELIVERED,
        severity=Escalation.Severity.HIGH,
        summary=f"All texting is stopped: the carrier refuses this sender (code {code}). Check the account, the number "
        "and its registration at Twilio; resolve this case to start texting again. Nothing is lost: texts wait.",
        subject=SENDER_HALTED,
        now=now,
    )


def step_failed(sequence: Sequence, *, why: str, now: datetime) -> None:
    """A step could not be taken. One case a sequence: the step is tried again, and told about once."""
    subject = f"sequence:{sequence.slug}"
    if Escalation.objects.filter(subject=subject).exclude(state=Escalation.State.RESOLVED).exists():
        return
    escalations.open(
        reason=Escalation.Reason.UNDELIVERED,
        severity=Escalation.Severity.HIGH,
        summary=f"“{sequence}” stands still at one of its steps: {why} It is tried again every few minutes.",
        subject=subject,
        now=now,
    )
