"""What moves a conversation through the inbox: a text, a reply, and what staff decide about it."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from common import phones
from common.errors import Refused
from concierge.models import Conversation, ReadMark
from members import audit
from members.models import StaffUser
from outreach.models import Message

TYPING_LASTS = timedelta(seconds=8)
LONGEST_SNOOZE = timedelta(days=90)


def heard(message: Message) -> Conversation:
    """The conversation of a patient's text. A new text opens it again if it was closed or asleep: nothing is missed."""
    at = message.created_at
    made = {"patient": message.patient, "last_in_at": at, "moved_at": at}
    conversation, _ = Conversation.objects.get_or_create(phone=message.address, defaults=made)
    if conversation.last_in_at and conversation.last_in_at >= at:
        return conversation  # made just now, or heard before: by the door, or by a later text
    # A text that is read late must not open what was closed after it came.
    moved = Conversation.objects.filter(Q(last_in_at__isnull=True) | Q(last_in_at__lt=at), pk=conversation.pk).update(
        last_in_at=at, moved_at=at, closed_at=None, snoozed_until=None
    )
    if moved:
        conversation.refresh_from_db()
    return conversation


def answered(*, phone: str, now: datetime) -> None:
    """A colleague wrote to the number."""
    Conversation.objects.filter(phone=phone).update(answered_at=now, moved_at=now)


def assign(*, conversation: Conversation, to: StaffUser | None, by: StaffUser, now: datetime) -> None:
    """Say who looks after it; None: nobody in particular. The pen does not move."""
    if to is not None and not to.role_names():
        raise Refused("Choose a colleague who may sign in.", code="no_colleague")
    with transaction.atomic():
        conversation.assigned_to = to
        conversation.save(update_fields=["assigned_to"])
        _trace("assigned", conversation, by, now, to=to.pk if to else None)


def snooze(*, conversation: Conversation, until: datetime, by: StaffUser, now: datetime) -> None:
    """Out of the way until then, or until the patient texts. Raises Refused for the past and for more than 90 days."""
    if not now < until <= now + LONGEST_SNOOZE:
        raise Refused("Choose a time within the next 90 days.", code="not_a_time")
    with transaction.atomic():
        conversation.snoozed_until, conversation.closed_at = until, None
        conversation.save(update_fields=["snoozed_until", "closed_at"])
        _trace("snoozed", conversation, by, now, until=until.isoformat())


def close(*, conversation: Conversation, seen_at: datetime | None, by: StaffUser, now: datetime) -> None:
    """Done for now. Raises Refused when the patient wrote after `seen_at`, the newest text that `by` was shown."""
    with transaction.atomic():
        unread = Q(last_in_at__gt=seen_at) if seen_at else Q(last_in_at__isnull=False)
        closed = (
            Conversation.objects.filter(pk=conversation.pk).exclude(unread).update(closed_at=now, snoozed_until=None)
        )
        conversation.refresh_from_db()
        if not closed:
            raise Refused("A new text came in. Read it first, then close.", code="new_text")
        _trace("closed", conversation, by, now)


def reopen(*, conversation: Conversation, by: StaffUser, now: datetime) -> None:
    """Back among the open ones; also wakes one that is asleep."""
    with transaction.atomic():
        conversation.closed_at = conversation.snoozed_until = None
        conversation.save(update_fields=["closed_at", "snoozed_until"])
        _trace("reopened", conversation, by, now)


def read(*, conversation: Conversation, by: StaffUser, now: datetime) -> None:
    """`by` has seen the thread as it stands."""
    mine = ReadMark.objects.filter(conversation=conversation, user=by)
    if not mine.update(read_at=now):
        ReadMark.objects.get_or_create(conversation=conversation, user=by, defaults={"read_at": now})


def typing(*, conversation: Conversation, by: StaffUser, now: datetime) -> None:
    """`by` is typing: colleagues who look at the thread are told for some seconds."""
    until = now + TYPING_LASTS
    ReadMark.objects.update_or_create(conversation=conversation, user=by, defaults={"typing_until": until})


def who_types(conversation: Conversation, *, but: StaffUser, now: datetime) -> list[StaffUser]:
    """The colleagues who are typing in the thread."""
    marks = conversation.marks.filter(typing_until__gt=now).exclude(user=but).select_related("user")
    return [mark.user for mark in marks.order_by("user__first_name", "pk")]


def named(conversation: Conversation) -> str:
    """Who it is with, as staff call them."""
    return conversation.patient.full_name if conversation.patient else phones.readable(conversation.phone)


def _trace(act: str, conversation: Conversation, by: StaffUser, now: datetime, **data: object) -> None:
    noted = {"conversation": conversation.pk, **data}
    audit.record(f"conversation.{act}", actor=f"staff:{by.pk}", patient=conversation.patient, now=now, data=noted)
