"""The one place that asks what time it is. Doors call `now()` and hand it down as a parameter."""

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from django.conf import settings


def offset() -> timedelta:
    """How far the demo's clock runs ahead of the real one; zero in production."""
    if not settings.CLOCK_OFFSET_FILE:
        return timedelta()
    try:
        return timedelta(seconds=float(Path(settings.CLOCK_OFFSET_FILE).read_text() or 0))
    except FileNotFoundError:
        return timedelta()


def advance(by: timedelta) -> None:
    """Move the demo's clock ahead. Only where settings name an offset file."""
    path = Path(settings.CLOCK_OFFSET_FILE)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(str((offset() + by).total_seconds()))


def now() -> datetime:
    """Aware UTC."""
    return datetime.now(UTC) + offset()


def local(when: datetime, zone: str) -> datetime:
    """`when` as the wall clock of an IANA zone shows it."""
    return when.astimezone(ZoneInfo(zone))


def local_date(when: datetime, zone: str) -> date:
    return local(when, zone).date()


def months_later(when: datetime, months: int) -> datetime:
    """The same day `months` months on; the last day of the month where that day does not exist."""
    year, month = divmod(when.month - 1 + months, 12)
    year, month = when.year + year, month + 1
    return when.replace(year=year, month=month, day=min(when.day, monthrange(year, month)[1]))


def midnight(day: date, zone: str) -> datetime:
    """When a day begins on the wall clock of an IANA zone."""
    return datetime.combine(day, time(), tzinfo=ZoneInfo(zone))


def monday(now: datetime, zone: str) -> datetime:
    """When the present week began on the wall clock of an IANA zone."""
    there = local(now, zone)
    return (there - timedelta(days=there.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)


def next_hour(now: datetime, hour: int, zone: str) -> datetime:
    """The next time that the wall clock of an IANA zone shows `hour`:00; `now` itself when it does."""
    there = local(now, zone)
    today = datetime.combine(there.date(), time(hour), tzinfo=there.tzinfo)
    return (
        today if today >= there else datetime.combine(there.date() + timedelta(days=1), time(hour), tzinfo=there.tzinfo)
    ).astimezone(UTC)
