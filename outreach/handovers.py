"""What cannot be texted goes to a person: nothing is silently lost."""

from datetime import datetime

from django.db.models import Q

from common import clock
from members import escalations
from members.models import Escalation
from outreach import second_tries
from outreach.models import Acknowledgement, Enrolment, Message, Sequence

Kind = Message.Kind

# An unresolved case of this subject is the brake on the sender; resolving it releases it (R80: halt until fixed).
SENDER_HALTED = "sender:halted"

# Somebody waits for these. Nobody waits for a nudge or for the word that STOP has worked: one that did not arrive is
# seen in the list of texts only.
_MISSED = {Kind.SERVICING, Kind.STAFF, Kind.EMERGENCY, Kind.REPLY, Kind.CONFIRMATION, Kind.NOTICE}


def undelivered(message: Message, *, now: datetime, always: bool = False) -> None:
    """The message did not arrive, or may not have: open a case where somebody counts on it (or `always`)."""
    if message.channel == Message.Channel.VOICE:
        _call_missed(message, now)
        return
    goes_on = second_tries.by_mail(message, now=now)
    if not always and (message.kind not in _MISSED or _is_thanks(message) or goes_on):
        return
    if told := _acknowledgement(message):
        unacknowledged(told, now=now)
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


def unacknowledged(told: Acknowledgement, *, now: datetime) -> None:
    """Open a case if neither the text nor the e-mail about a change of the membership can arrive (R92)."""
    if told.reaches_somebody:
        return
    escalations.open(
        reason=Escalation.Reason.UNDELIVERED,
        severity=Escalation.Severity.HIGH,
        summary=f"The patient could not be told what became of the membership ({told.change.get_kind_display()}): "
        f"{told.text.reason} Tell them, and give them the terms on paper or by another address.",
        patient=told.text.patient,
        phone=told.text.address,
        location=told.text.location,
        now=now,
    )


def _acknowledgement(message: Message) -> Acknowledgement | None:
    mine = Acknowledgement.objects.filter(Q(text=message) | Q(mail=message))
    return mine.select_related("change", "text__patient", "text__location", "mail").first()


def _is_thanks(message: Message) -> bool:
    """The last word of a recovery: the payment is settled, whether or not it was read."""
    return message.kind == Kind.CONFIRMATION and message.enrolment_id is not None


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
    """A payment text or a required notice was held for good: it goes by another way, or to a person at once."""
    if second_tries.by_mail(message, now=now):
        return
    if told := _acknowledgement(message):
        unacknowledged(told, now=now)
        return
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
