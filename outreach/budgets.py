"""What a sender may give to the carrier: a token bucket by segments (R75) and the brand's daily limit (R58).

Twilio sends a sender's segments one after another and keeps what is waiting. We never let more than half an hour of
it wait there: `busy_until` is when all that was given will be through. It is moved by one conditional UPDATE, so that
any number of workers share one sender.
"""

from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Case, DateTimeField, F, Q, QuerySet, Value, When
from django.db.models.functions import Greatest

from common.claims import claim
from outreach.models import SenderBudget

LONGEST_QUEUE = timedelta(minutes=30)
_SOON = timedelta(seconds=30)


def take(*, sender: str, segments: int, now: datetime, counts_to_the_day: bool) -> datetime | None:
    """Take room for so many segments. None: taken. A moment: there is none now, ask again then.

    `counts_to_the_day` is False for what may not wait for tomorrow, as an answer: it is counted and never refused.
    """
    row = SenderBudget.objects.filter(sender=sender)
    room = _room(row, segments, now) if counts_to_the_day else row
    if _take(room, segments, now):
        return None
    budget = row.first()
    if budget is None:
        _begin(sender, now)
        return None if _take(room, segments, now) else now + _SOON
    if budget.day == _day(now) and budget.segments_today + segments > settings.TWILIO_SEGMENTS_A_DAY:
        return datetime.combine(_day(now) + timedelta(days=1), time(), tzinfo=UTC)
    later = budget.busy_until + _lasts(segments) - LONGEST_QUEUE
    return later if later > now else now + _SOON


def _lasts(segments: int) -> timedelta:
    return timedelta(seconds=segments / settings.TWILIO_SEGMENTS_A_SECOND)


def _room(row: QuerySet[SenderBudget], segments: int, now: datetime) -> QuerySet[SenderBudget]:
    """The sender's row where both the queue at the carrier and the day have room for them."""
    in_the_day = ~Q(day=_day(now)) | Q(segments_today__lte=settings.TWILIO_SEGMENTS_A_DAY - segments)
    return row.filter(in_the_day, busy_until__lte=now + LONGEST_QUEUE - _lasts(segments))


def _take(room: QuerySet[SenderBudget], segments: int, now: datetime) -> bool:
    """One statement, so that of any number of workers none takes what another took."""
    begins = Greatest(F("busy_until"), Value(now, output_field=DateTimeField()))
    used = Case(When(day=_day(now), then=F("segments_today")), default=Value(0))
    return claim(room, busy_until=begins + _lasts(segments), day=_day(now), segments_today=used + segments)


def _begin(sender: str, now: datetime) -> None:
    with suppress(IntegrityError), transaction.atomic():  # another worker may make it first
        SenderBudget.objects.create(sender=sender, busy_until=now, day=_day(now))


def _day(now: datetime) -> date:
    return now.astimezone(UTC).date()
