"""Checks of when: hours, caps, what goes first, what has become pointless."""

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet

from members.models import Escalation
from outreach import late_facts, legal_tables, offers, priorities, quiet_hours
from outreach.gate.question import Denial, Look
from outreach.models import Enrolment, GateDecision, Message

Kind, Status = Message.Kind, Message.Status

OPT_OUT_CONFIRMATION_WITHIN = timedelta(minutes=5)  # R35
FINISHED = "finished"
AFTER_RECOVERY = timedelta(hours=72)  # R26
_IN_CONVERSATION = timedelta(hours=24)
_STALE = timedelta(days=7)  # "this week or next" means something else by then
# What has reached the patient, or may have.
_WENT_OUT = (Status.SENT, Status.DELIVERED, Status.UNDELIVERED, Status.UNKNOWN)
_COMPLAINTS = (Escalation.Reason.EMERGENCY, Escalation.Reason.HUMAN, Escalation.Reason.CANCELLATION)


def in_quiet_hours(look: Look) -> Denial | None:
    """Texts and calls; an e-mail wakes nobody."""
    if look.message.channel == Message.Channel.EMAIL or quiet_hours.is_open(look.now, look.places):
        return None
    return Denial("quiet_hours", "Outside the hours for texts where the patient may be.", look.next_open(look.now))


def is_counted(message: Message) -> bool:
    """Whether a cap speaks of this kind of message at all."""
    return any(message.kind in limit.counts for limit in legal_tables.contact_limits().limits)


def over_caps(look: Look) -> Denial | None:
    message, waits = look.message, []
    limits = [
        limit
        for limit in legal_tables.contact_limits().limits
        if message.kind in limit.counts and message.channel in limit.channels
    ]
    contacts = _contacts(message, since=look.now - max(limit.window for limit in limits)) if limits else []
    for limit in limits:
        since = look.now - limit.window
        times = [at for kind, by, at in contacts if kind in limit.counts and by in limit.channels and at > since]
        look.inputs.setdefault("counts", {})[limit.name] = len(times)
        if len(times) >= limit.most:
            waits.append(times[limit.most - 1] + limit.window)
    if not waits:
        return None
    return Denial("cap", "Enough texts for now.", look.next_open(max(waits)))


def _contacts(message: Message, *, since: datetime) -> list[tuple[str, str, datetime]]:
    """(kind, channel, when) of each contact with this person since then, newest first. Of two being sent, the one that
    the gate let through wins, whoever claimed it first; before it has judged either, the earlier claim."""
    reaches = Q(address=message.address)
    if message.patient_id:
        reaches |= Q(patient_id=message.patient_id)
    went = Q(status__in=_WENT_OUT)
    if message.claimed_at is None:
        went |= Q(status=Status.SENDING)
    else:
        went |= Q(status=Status.SENDING, claimed_at__lt=message.claimed_at)
        went |= Q(status=Status.SENDING, claimed_at=message.claimed_at, pk__lt=message.pk)
        went |= Q(Exists(_let_through()), status=Status.SENDING)
    contacts = Message.objects.filter(reaches, went, claimed_at__gt=since).exclude(pk=message.pk)
    rows = contacts.order_by("-claimed_at").values_list("kind", "channel", "claimed_at")
    return [(kind, by, at) for kind, by, at in rows if at]


def _let_through() -> QuerySet[GateDecision]:
    """That the gate has judged this very sending and not only the draft."""
    return GateDecision.objects.filter(message=OuterRef("pk"), allowed=True, at__gte=OuterRef("claimed_at"))


def outranked(look: Look) -> Denial | None:
    """person > recovery > reply > nudge > upgrade > win-back: what ranks lower waits for what ranks higher."""
    message = look.message
    if message.kind != Kind.MARKETING or message.patient_id is None:
        return None
    wait = _after_recovery(look) or _after_complaint(look) or _after_conversation(look) or _after_higher(look)
    if wait is None:
        return None
    why, until = wait
    look.inputs["goes_first"] = why
    return Denial("outranked", f"Waits: {why}."[:200], look.next_open(max(until, look.now)))


_Wait = tuple[str, datetime] | None


def _after_recovery(look: Look) -> _Wait:
    patient = look.message.patient_id
    running = Enrolment.objects.filter(
        membership__patient=patient, sequence__slug__in=priorities.RECOVERY, status=Enrolment.Status.RUNNING
    )
    if running.exists():
        return "a failed payment is being settled", look.now + timedelta(days=1)
    sent = Message.objects.filter(
        patient=patient,
        enrolment__sequence__slug__in=priorities.RECOVERY,
        status__in=_WENT_OUT,
        claimed_at__gt=look.now - AFTER_RECOVERY,
    )
    last = sent.order_by("-claimed_at").values_list("claimed_at", flat=True).first()
    return ("a payment was spoken of lately", last + AFTER_RECOVERY) if last else None


def _after_complaint(look: Look) -> _Wait:
    cases = Escalation.objects.filter(patient=look.message.patient_id, reason__in=_COMPLAINTS)
    if cases.exclude(state=Escalation.State.RESOLVED).exists():
        return "a person is to see to this patient", look.now + timedelta(days=1)
    return None


def _after_conversation(look: Look) -> _Wait:
    """Whoever wrote to us within a day is in a conversation, not on a list."""
    heard = Message.objects.filter(
        address=look.message.address, direction=Message.Direction.IN, created_at__gt=look.now - _IN_CONVERSATION
    )
    last = heard.order_by("-created_at").values_list("created_at", flat=True).first()
    return ("the patient wrote within a day", last + _IN_CONVERSATION) if last else None


def _after_higher(look: Look) -> _Wait:
    """Another marketing text of a higher rank waits for the same patient."""
    message = look.message
    if message.enrolment is None:
        return None
    higher = priorities.above(message.enrolment.sequence.slug)
    waiting = Message.objects.filter(
        patient=message.patient_id,
        kind=Kind.MARKETING,
        enrolment__sequence__slug__in=higher,
        status__in=(Status.QUEUED, Status.SENDING),
    )
    if waiting.exclude(pk=message.pk).exists():
        return "another text goes first", look.now + timedelta(days=1)
    return None


def pointless(look: Look) -> Denial | None:
    """Late facts: still unpaid, still unused, not booked meanwhile?"""
    message, enrolment = look.message, look.message.enrolment
    if message.kind == Kind.MARKETING and look.now - message.created_at > _STALE:
        return Denial("stale", "It waited for more than a week and would read oddly now.")
    if offers.is_over(message, now=look.now):
        return Denial("stale", "The times it names are too near or past.")
    if enrolment is None:
        return None
    # After its last step a sequence is finished while that step's text may still be waiting for the morning.
    if enrolment.status == Enrolment.Status.ENDED and enrolment.ended_because != FINISHED:
        return Denial("ended", f"The sequence ended: {enrolment.ended_because}.")
    found = late_facts.no_longer_true(enrolment, now=look.now)
    return Denial("no_longer_true", found.words) if found else None


def too_late(look: Look) -> Denial | None:
    if look.now - look.message.created_at >= OPT_OUT_CONFIRMATION_WITHIN:
        return Denial("too_late", "An opt-out may be confirmed within five minutes only.")
    return None
