"""Who holds the pen: giving a conversation to a person and back (R159-R167)."""

from datetime import datetime
from hashlib import sha256

from django.db import transaction
from django.db.models import QuerySet

from common import phones
from common.errors import Refused
from concierge import conversations, replies, suggesting
from concierge.facts import MemberFacts, Sender
from concierge.models import CONVERSATION_REASONS, Conversation
from concierge.policy import HandOff
from concierge.replies import Voice
from concierge.understanding.safety import Emergency
from members import audit, consent, escalations, holds
from members.models import ConsentEntry, Escalation, Hold, Location, Patient, Practice, StaffRole, StaffUser
from outreach import alerts, inbound, outbox, wording
from outreach.models import Message

Reason, Severity, Pen = Escalation.Reason, Escalation.Severity, Conversation.Pen

LONGEST_REPLY = 1_600  # what a carrier takes in one message
_MAY_CLEAR_CLINICAL = frozenset({StaffRole.Role.CLINICIAN, StaffRole.Role.OWNER})
_QUOTED = 300
_LAST_WORDS = 4

_WORDINGS = {Reason.UNKNOWN_NUMBER: "hand_off_unknown", Reason.SHARED_PHONE: "hand_off_shared"}


def hand_off(
    *,
    message: Message,
    decision: HandOff,
    sender: Sender,
    facts: MemberFacts | None,
    voice: Voice | None,
    now: datetime,
) -> Message | None:
    """Open the case with what staff need, tell the patient who answers by when, and give the pen away if decided so.

    Without a `voice` nothing is told.
    """
    location = _desk(message, sender, now)
    with transaction.atomic():
        case = escalations.open(
            reason=decision.reason,
            severity=decision.severity,
            summary=summary(message, decision.rule, sender=sender, facts=facts),
            patient=sender.patient,
            phone=message.address,
            location=location,
            now=now,
        )
        told = _tell(message, decision, case, location, sender, voice, now) if voice and decision.tells else None
        # After the text: the gate lets the last word of the concierge pass a hold that is not older than it.
        if decision.gives_pen:
            _move_pen(message.address, Pen.PERSON, sender.patient, by=None, now=now)
            holds.place(kind=Hold.Kind.PERSON, phone=message.address, patient=sender.patient, now=now)
    return told


def page(*, message: Message, kind: Emergency, sender: Sender, language: str, now: datetime) -> Message:
    """Send the fixed text, raise the gravest case and stop all automation for the number (R159-R165)."""
    location = _desk(message, sender, now)
    phone = location.phone if location else Practice.current().phone
    why = (
        f"Possible emergency ({kind.value.replace('_', ' ')}): the fixed emergency text was sent. Call the patient now."
    )
    if sender.opted_out:
        why += " The number has opted out: the patient may not be reachable by text (R163)."
    with transaction.atomic():
        case = escalations.open(
            reason=Reason.EMERGENCY,
            severity=Severity.EMERGENCY,
            summary=summary(message, why, sender=sender, facts=None),
            patient=sender.patient,
            phone=message.address,
            location=location,
            now=now,
        )
        text = outbox.post(
            kind=Message.Kind.EMERGENCY,
            body=replies.emergency(kind, language=language, phone=phones.readable(phone)),
            dedupe_key=f"answer:{message.pk}",
            patient=sender.patient,
            address=message.address,
            location=location,
            in_reply_to=message,
            now=now,
        )
        for hold in (Hold.Kind.CLINICAL, Hold.Kind.PERSON):
            holds.place(kind=hold, phone=message.address, patient=sender.patient, now=now)
        _move_pen(message.address, Pen.PERSON, sender.patient, by=None, now=now)
        alerts.page(case, now=now)  # the tick would do it within the minute (R162)
    return text


def raise_for_holder(*, message: Message, sender: Sender, now: datetime) -> None:
    """A text while a person has the pen: it goes to their open case and its timer starts anew; no answer is made."""
    case = _open_cases(message.address).order_by("severity", "-last_raised_at").first()
    escalations.open(
        reason=case.reason if case else Reason.QUESTION,
        severity=case.severity if case else Severity.NORMAL,
        subject=case.subject if case else "",
        summary=summary(message, "A new text while a person has the conversation.", sender=sender, facts=None),
        patient=sender.patient,
        phone=message.address,
        location=_desk(message, sender, now),
        now=now,
    )


def take_pen(*, phone: str, by: StaffUser, now: datetime) -> None:
    """A member of staff answers from now on; automation is silent for the number (R166)."""
    with transaction.atomic():
        patient = inbound.patient_of(phone)
        holds.place(kind=Hold.Kind.PERSON, phone=phone, patient=patient, by=by, now=now)
        _move_pen(phone, Pen.PERSON, patient, by=by, now=now)


def give_back(*, phone: str, by: StaffUser | None, now: datetime) -> None:
    """The concierge answers the number again. Raises Refused (clinical) while only a clinician may clear it (R164)."""
    with transaction.atomic():
        if Hold.Kind.CLINICAL in holds.open_kinds(phone):
            if by is None or by.role_names().isdisjoint(_MAY_CLEAR_CLINICAL):
                raise Refused("A clinician has to clear this patient first.", code="clinical")
            holds.release(kind=Hold.Kind.CLINICAL, phone=phone, by=by, now=now)
        holds.release(kind=Hold.Kind.PERSON, phone=phone, by=by, now=now)
        _move_pen(phone, Pen.CONCIERGE, inbound.patient_of(phone), by=by, now=now)


def reply(*, phone: str, body: str, by: StaffUser, now: datetime, escalation: Escalation | None = None) -> Message:
    """Text the patient as a person: takes the pen, and the case if nobody has it.

    Raises Refused, and then nothing is sent: empty, too_long, opted_out, or why the gate says no.
    """
    body = wording.plain(body.strip())
    if not body:
        raise Refused("Write a reply first.", code="empty")
    if len(body) > LONGEST_REPLY:
        raise Refused(f"A text has at most {LONGEST_REPLY:,} characters.", code="too_long")
    if consent.is_opted_out(phone, channel=ConsentEntry.Channel.SMS):
        raise Refused("This number opted out of texts. Call instead.", code="opted_out")
    # Pressed twice within the minute, it is sent once.
    once = sha256(f"{phone}\n{body}".encode()).hexdigest()[:24]
    with transaction.atomic():
        if escalation is not None and escalation.state == Escalation.State.OPEN:
            escalations.claim(escalation=escalation, by=by, now=now)
        take_pen(phone=phone, by=by, now=now)
        message = outbox.post(
            kind=Message.Kind.STAFF,
            body=body,
            dedupe_key=f"staff:{by.pk}:{once}:{int(now.timestamp()) // 60}",
            patient=inbound.patient_of(phone),
            address=phone,
            author=by,
            now=now,
        )
        if message.status == Message.Status.HELD:
            raise Refused(message.reason or "This text may not be sent.", code="held")
        conversations.answered(phone=phone, now=now)
        data = {"message": message.pk, "escalation": escalation.pk if escalation else None}
        audit.record("message.staff_reply", actor=f"staff:{by.pk}", patient=message.patient, now=now, data=data)
    return message


def is_with_person(conversation: Conversation, *, now: datetime) -> bool:
    """Whether automation must be silent: a person has the pen, or a clinician must clear the patient first."""
    kinds = holds.open_kinds(conversation.phone)
    if Hold.Kind.CLINICAL in kinds:
        return True
    if conversation.pen != Pen.PERSON and Hold.Kind.PERSON not in kinds:
        return False
    return not _give_back_if_resolved(conversation, now)


def release_resolved(*, now: datetime) -> int:
    """Give the pen back where every case about the conversation was resolved since it moved. Returns how many."""
    held = Conversation.objects.filter(pen=Pen.PERSON)
    return sum(_give_back_if_resolved(conversation, now) for conversation in held)


def summary(message: Message, why: str, *, sender: Sender, facts: MemberFacts | None) -> str:
    """What staff see: who wrote what, why a person is needed, how the member stands, what was said before."""
    who = sender.patient.full_name if sender.patient else phones.readable(message.address)
    lines = [f"{who} texted: {_quote(message)}", why]
    if facts and facts.membership_id:
        lines.append(f"{facts.plan_name}, {facts.status.replace('_', ' ')}, credits: {facts.balance_of(())}.")
        lines.append(f"Payments: {suggesting.payment_line(facts)}.")
    if not sender.waits_for_person:  # a case that is open already holds what came before
        before = Message.objects.conversation(message.address).filter(pk__lt=message.pk).reverse()[:_LAST_WORDS]
        lines += ["Before that:"] * bool(before)
        lines += [f"{'They' if text.direction == 'in' else 'We'}: {_quote(text)}" for text in reversed(before)]
    return "\n".join(lines)


def _tell(
    message: Message,
    decision: HandOff,
    case: Escalation,
    location: Location | None,
    sender: Sender,
    voice: Voice,
    now: datetime,
) -> Message:
    upset = "hand_off_upset" if decision.severity <= Severity.HIGH else "hand_off"
    by = replies.by_when(voice, case.due_at, now=now, zone=location.time_zone if location else "UTC")
    name = location.name if location else voice.practice
    words = voice.words(_WORDINGS.get(Reason(decision.reason), upset), by=by, location=name, practice=voice.practice)
    return outbox.post(
        kind=Message.Kind.REPLY,
        body=voice.says(words),
        dedupe_key=f"answer:{message.pk}",
        patient=sender.patient,
        address=message.address,
        location=location,
        in_reply_to=message,
        now=now,
    )


def _desk(message: Message, sender: Sender, now: datetime) -> Location | None:
    """The location whose people answer: the patient's, else the one that opens first."""
    location = sender.patient.home_location if sender.patient else message.location
    return location or min(Location.objects.all(), key=lambda place: place.next_open(now), default=None)


def _move_pen(phone: str, pen: str, patient: Patient | None, *, by: StaffUser | None, now: datetime) -> None:
    conversation, _ = Conversation.objects.get_or_create(phone=phone, defaults={"patient": patient})
    if conversation.pen == pen and by in (None, conversation.holder):
        return
    conversation.pen, conversation.pen_moved_at = pen, now
    conversation.holder = by if pen == Pen.PERSON else None
    conversation.save(update_fields=["pen", "pen_moved_at", "holder"])
    act = "pen.taken" if pen == Pen.PERSON else "pen.given_back"
    actor = f"staff:{by.pk}" if by else "concierge"
    audit.record(act, actor=actor, patient=conversation.patient, now=now, data={"conversation": conversation.pk})


def _open_cases(phone: str) -> QuerySet[Escalation]:
    cases = Escalation.objects.filter(phone=phone, reason__in=CONVERSATION_REASONS)
    return cases.exclude(state=Escalation.State.RESOLVED)


def _give_back_if_resolved(conversation: Conversation, now: datetime) -> bool:
    """Resolving the last case is releasing the conversation; a pen that was taken without a case stays taken."""
    since = conversation.pen_moved_at
    closed = Escalation.objects.filter(
        phone=conversation.phone, reason__in=CONVERSATION_REASONS, resolved_at__gte=since
    )
    if since is None or not closed.exists() or _open_cases(conversation.phone).exists():
        return False
    if Hold.Kind.CLINICAL in holds.open_kinds(conversation.phone):
        return False
    give_back(phone=conversation.phone, by=None, now=now)
    return True


def _quote(message: Message) -> str:
    pictures = f" (with {message.media_count} picture(s); not kept)" if message.media_count else ""
    return f"“{message.body.strip()[:_QUOTED]}”{pictures}"
