"""When and with whom a patient usually came, and which free times are good options for such a patient."""

from calendar import day_name
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from members.models import Patient, Visit
from members.scheduling.base import Opening
from members.scheduling.free_slots import overlaps

_NOON, _EVENING = 12, 17
_HABIT_VISITS = 12
_SAID_FROM = 2  # visits on the same weekday: fewer are no habit to speak of


@dataclass(frozen=True)
class Habit:
    """The most frequent local weekday (0 = Monday), hour and provider of the last visits."""

    weekday: int
    hour: int
    provider_id: int | None
    on_weekday: int  # how many of the visits fell on that weekday

    @property
    def is_plain(self) -> bool:
        """Clear enough to be said back: "your usual Tuesday afternoons"."""
        return self.on_weekday >= _SAID_FROM

    @property
    def day_part(self) -> str:
        """morning, afternoon or evening."""
        return "morning" if self.hour < _NOON else "afternoon" if self.hour < _EVENING else "evening"

    @property
    def words(self) -> str:
        """Tuesday afternoons."""
        return f"{day_name[self.weekday]} {self.day_part}s"


def of(patient: Patient, *, zone: str) -> Habit | None:
    """Derived from completed visits; None before the first."""
    past = patient.visits.filter(status=Visit.Status.COMPLETED).order_by("-starts_at")
    rows = past.values_list("starts_at", "provider_id")[:_HABIT_VISITS]
    came = [(when.astimezone(ZoneInfo(zone)), provider_id) for when, provider_id in rows]
    if not came:
        return None
    weekday, on_weekday = Counter(when.weekday() for when, _ in came).most_common(1)[0]
    hour = Counter(when.hour for when, _ in came).most_common(1)[0][0]
    provider_id = Counter(provider_id for _, provider_id in came).most_common(1)[0][0]
    return Habit(weekday, hour, provider_id, on_weekday)


def choose(free: list[Opening], habit: Habit | None, *, zone: str, limit: int) -> list[Opening]:
    """Good options, not just the first ones: each on a day of its own, at the usual hour or at another time of day."""
    chosen: list[Opening] = []
    there = ZoneInfo(zone)
    while free and len(chosen) < limit:
        best = min(free, key=lambda opening: _cost(opening, chosen, habit, there))
        chosen.append(best)
        span = best.starts_at, best.ends_at
        free = [opening for opening in free if not overlaps((opening.starts_at, opening.ends_at), [span])]
    return sorted(chosen, key=lambda opening: opening.starts_at)


def _cost(
    opening: Opening, chosen: list[Opening], habit: Habit | None, zone: ZoneInfo
) -> tuple[bool, bool, bool, int, datetime]:
    """What speaks against a slot beside those already chosen, the weightiest first."""
    when = opening.starts_at.astimezone(zone)
    others = [other.starts_at.astimezone(zone) for other in chosen]
    same_day = any(when.date() == other.date() for other in others)
    same_half = any((when.hour < _NOON) == (other.hour < _NOON) for other in others)
    if habit is None:
        return same_day, same_half, False, 0, opening.starts_at
    other_weekday = not others and when.weekday() != habit.weekday
    return same_day, same_day and same_half, other_weekday, abs(when.hour - habit.hour), opening.starts_at
