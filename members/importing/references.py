"""What a row names: locations, services, plans, patients, memberships. One query a kind and batch."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from members.importing.batch import Entry
from members.models import Location

_SHOWN = 8  # names listed in a refusal


@dataclass
class Places:
    """The practice's locations, by id and by name."""

    by_word: dict[str, Location]
    by_pk: dict[int, Location]

    def named(self, entry: Entry, word: str | None) -> Location | None:
        """The location a row names; None, and the entry refused, when there is no such."""
        if word and (found := self.by_word.get(word.casefold())):
            return found
        entry.refuse(
            "location", f"There is no location “{word}”. Here are: {self.listed()}." if word else self._which()
        )
        return None

    def only(self) -> Location | None:
        """The one location of a practice that has one."""
        return next(iter(self.by_pk.values())) if len(self.by_pk) == 1 else None

    def listed(self) -> str:
        return listed(location.external_id for location in self.by_pk.values())

    def _which(self) -> str:
        return f"Name the location: {self.listed()}." if self.by_pk else "Set up a location first."


def places() -> Places:
    all_of_them = list(Location.objects.order_by("pk"))
    by_word = {location.name.casefold(): location for location in all_of_them}
    by_word |= {location.external_id.casefold(): location for location in all_of_them}
    return Places(by_word, {location.pk: location for location in all_of_them})


def listed(words: Iterable[str]) -> str:
    found = sorted(words)
    return ", ".join(found[:_SHOWN]) + (" …" if len(found) > _SHOWN else "") or "none"


def aware(moment: datetime, zone: str) -> datetime:
    """A moment without an offset is on the location's wall clock."""
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def set_given(instance: Any, given: dict[str, Any]) -> bool:
    """Put what the row gives onto the instance. Returns whether that changed anything; None changes nothing."""
    changed = False
    for name, value in given.items():
        if value is not None and getattr(instance, name) != value:
            setattr(instance, name, value)
            changed = True
    return changed
