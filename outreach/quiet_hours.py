"""When a patient may be texted. Pure: no database, no clock; the law is data (`outreach/legal/texting_hours.json`).

A text goes out only while it is open at EVERY place where the patient may plausibly be (R17-R20).
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

from common import states
from common.errors import Refused
from outreach import legal_tables

# A place without a zone may be anywhere from the East Coast to Hawaii: both must be open.
_OUTERMOST_ZONES = ("America/New_York", "Pacific/Honolulu")
_LONGEST_WAIT = timedelta(days=14)
_ZONES = available_timezones()


@dataclass(frozen=True)
class Place:
    """A US state by its postal code ('' or anything else: unknown) and an IANA zone (likewise)."""

    state: str
    zone: str


def window(state: str, on: date) -> tuple[int, int] | None:
    """Opening and closing minute of that local day in the state; None: closed all day.

    The window holds its first minute and not its last. An unknown state has the strictest row.
    """
    table = legal_tables.texting_hours()
    hours = table.by_state[_row(state)]
    if on in table.holidays and not hours.on_holidays:
        return None
    if on.weekday() < 5:
        return hours.weekday
    return hours.saturday if on.weekday() == 5 else hours.sunday


def is_open(when: datetime, places: Collection[Place]) -> bool:
    """Whether every place may be texted at this moment. No places at all is one unknown place."""
    return all(_opens(state, zone, when) == when for state, zone in _clocks(places))


def next_allowed(when: datetime, places: Collection[Place]) -> datetime:
    """The first moment from `when` on at which every place is open; `when` itself if it is open now. UTC.

    Raises Refused (never_open) when the places have no hour in common within two weeks.
    """
    clocks, moment = list(_clocks(places)), when
    while moment - when <= _LONGEST_WAIT:
        latest = max(_opens(state, zone, moment) for state, zone in clocks)
        if latest == moment:
            return moment.astimezone(UTC)
        moment = latest
    raise Refused("There is no hour at which this patient may be texted everywhere they may be.", code="never_open")


def closes_at(when: datetime, places: Collection[Place]) -> datetime:
    """The moment at which the first of the places closes; `when` if one is closed already. UTC."""
    if not is_open(when, places):
        return when.astimezone(UTC)
    return min(_span(state, zone, _local_day(when, zone))[1] for state, zone in _clocks(places))


def _row(state: str) -> str:
    rows = legal_tables.texting_hours().by_state
    if state in rows and state in states.NAMES:
        return state
    return legal_tables.FEDERAL if state in states.NAMES else legal_tables.UNKNOWN


def _clocks(places: Collection[Place]) -> Iterator[tuple[str, str]]:
    """Each place as (state, zone); a state whose law names a zone counts there as well as where the patient is."""
    for place in places or (Place("", ""),):
        if place.zone in _ZONES:
            yield place.state, place.zone
        else:
            yield from (("", zone) for zone in _OUTERMOST_ZONES)
        also = legal_tables.texting_hours().by_state[_row(place.state)].also_in_zone
        if also:
            yield place.state, also


def _opens(state: str, zone: str, moment: datetime) -> datetime:
    """The first moment from `moment` on at which this one place is open; past the longest wait if there is none."""
    for ahead in range(_LONGEST_WAIT.days + 2):
        opens, closes = _span(state, zone, _local_day(moment, zone) + timedelta(days=ahead))
        if moment < closes and opens < closes:
            return max(moment, opens)
    return moment + _LONGEST_WAIT * 2


def _span(state: str, zone: str, day: date) -> tuple[datetime, datetime]:
    """The window of a local day as two moments, UTC; an empty span for a closed day."""
    opens, closes = window(state, day) or (0, 0)
    midnight = datetime.combine(day, time(), tzinfo=ZoneInfo(zone))
    return _wall(midnight, opens), _wall(midnight, closes)


def _wall(midnight: datetime, minutes: int) -> datetime:
    """Wall-clock arithmetic: 08:00 is 08:00 also on the mornings after the clocks changed (R20)."""
    return (midnight + timedelta(minutes=minutes)).astimezone(UTC)


def _local_day(moment: datetime, zone: str) -> date:
    return moment.astimezone(ZoneInfo(zone)).date()
