"""What a sender may give to the carrier: a token bucket by segments (R75) and the brand's daily limit (R58).

Twilio sends a sender's segments one after another and keeps what is waiting. We never let more than half an hour of
it wait there: `busy_until` is when all that was given will be through. It is moved by compare-and-swap, so that any
number of workers share one sender.
"""

from datetime import UTC, date, datetime, time, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction

from common.claims import claim
from outreach.models import SenderBudget

LONGEST_QUEUE = timedelta(minutes=30)
_TRIES = 5
_SOON = timedelta(seconds=30)


def take(*, sender: str, segments: int, now: datetime, counts_to_the_day: bool) -> datetime | None:
    """Take room for so many segments. None: taken. A moment: there is none now, ask again then.

    `counts_to_the_day` is False for what may not wait for tomorrow, as an answer: it is counted and never refused.
    """
    for _ in range(_TRIES):
        row = _row(sender, now)
        used = row.segments_today if row.day == _day(now) else 0
        if counts_to_the_day and used + segments > settings.TWILIO_SEGMENTS_A_DAY:
            return datetime.combine(_day(now) + timedelta(days=1), time(), tzinfo=UTC)
        busy_until = max(row.busy_until, now) + timedelta(seconds=segments / settings.TWILIO_SEGMENTS_A_SECOND)
        if counts_to_the_day and busy_until - now > LONGEST_QUEUE:
            return busy_until - LONGEST_QUEUE
        unchanged = SenderBudget.objects.filter(pk=row.pk, busy_until=row.busy_until, segments_today=row.segments_today)
        if claim(unchanged, busy_until=busy_until, day=_day(now), segments_today=used + segments):
            return None
    return now + _SOON


def _row(sender: str, now: datetime) -> SenderBudget:
    row = SenderBudget.objects.filter(sender=sender).first()
    if row:
        return row
    try:
        with transaction.atomic():
            return SenderBudget.objects.create(sender=sender, busy_until=now, day=_day(now))
    except IntegrityError:  # another worker made it
        return SenderBudget.objects.get(sender=sender)


def _day(now: datetime) -> date:
    return now.astimezone(UTC).date()
