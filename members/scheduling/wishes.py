"""When a patient would like to come, as the scheduler understands it; words are read a floor above."""

from dataclasses import dataclass, replace
from datetime import date, datetime, time

Days = tuple[date, date]  # first and last, both included, on the location's calendar


@dataclass(frozen=True)
class TimeWish:
    """Every part that is empty allows everything. Days and hours are on the location's clock."""

    days: tuple[Days, ...] = ()
    weekdays: frozenset[int] = frozenset()  # 0 = Monday
    not_weekdays: frozenset[int] = frozenset()
    begins: time = time.min  # the visit starts then or later
    before: time | None = None  # and before this
    provider_id: int | None = None

    def allows(self, there: datetime) -> bool:
        """Whether a visit may start at this moment, given on the location's wall clock."""
        day, hour = there.date(), there.time()
        return (
            (not self.days or any(first <= day <= last for first, last in self.days))
            and (not self.weekdays or day.weekday() in self.weekdays)
            and day.weekday() not in self.not_weekdays
            and hour >= self.begins
            and (self.before is None or hour < self.before)
        )

    @property
    def last_day(self) -> date | None:
        return max((last for _, last in self.days), default=None)

    @property
    def names_time(self) -> bool:
        """Whether it asks for a time of day."""
        return self.begins != time.min or self.before is not None

    def any_hour(self) -> "TimeWish":
        """The same days at any time of day."""
        return replace(self, begins=time.min, before=None)


ANYTIME = TimeWish()
