"""Free times of the invented providers: no two visits overlap, all lie inside business hours."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from medspa.demo.seeding.practice import House
from members.models import Provider, Service

_GRID = timedelta(minutes=30)


class Diary:
    def __init__(self, house: House) -> None:
        self._house = house
        self._hours = {
            (place, hours.weekday): (hours.opens, hours.closes)
            for place, location in house.locations.items()
            for hours in location.business_hours.all()
        }
        self._taken: dict[tuple[int, date], list[tuple[datetime, datetime]]] = defaultdict(list)

    def book(
        self, place: str, service: Service, day: date, rng: Random, *, not_before: datetime | None = None
    ) -> tuple[Provider, datetime, datetime] | None:
        """A provider and a time (aware UTC) on that local day, or None when it is closed or full."""
        opening = self._hours.get((place, day.weekday()))
        if opening is None:
            return None
        zone = ZoneInfo(self._house.locations[place].time_zone)
        opens, closes = (datetime.combine(day, moment, tzinfo=zone).astimezone(UTC) for moment in opening)
        length = timedelta(minutes=service.duration_minutes)
        starts = [opens + number * _GRID for number in range(int((closes - length - opens) / _GRID) + 1)]
        starts = [start for start in starts if not_before is None or start >= not_before]
        providers = [provider for provider, offered in self._house.providers[place] if service.name in offered]
        rng.shuffle(starts)
        rng.shuffle(providers)
        for start in starts:
            for provider in providers:
                if self._is_free(provider, day, start, start + length):
                    self._taken[provider.pk, day].append((start, start + length))
                    return provider, start, start + length
        return None

    def _is_free(self, provider: Provider, day: date, start: datetime, end: datetime) -> bool:
        return all(end <= begun or start >= done for begun, done in self._taken[provider.pk, day])
