"""The time of day in a text whose days were cut out: "after 4", "between 10 and 12", "before noon"."""

import re
from collections.abc import Callable
from datetime import time, timedelta

_TIME = r"(\d{1,2})(?::(\d{2}))? ?(am|pm)?"
_NO_UNIT = (
    r"(?!\d|:\d|/\d|%|-\d)(?! ?(?:st|nd|rd|th|units?|credits?|weeks?|days?|months?|min|mins|minutes|hours?|hrs?|times?|"
    r"people|persons?|of us|years?|visits?|sessions?|dollars?|bucks|left|percent|facials?)\b)"
)
_AT_LENGTH = timedelta(minutes=30)  # "at 2" is a start from 2:00 to before 2:30

_BETWEEN = re.compile(rf"\b(?:between|from) {_TIME} ?(?:and|to|-|until) ?{_TIME}{_NO_UNIT}")
_RANGE = re.compile(rf"(?<![\d/$#-])\b{_TIME} ?(?:-|to|until) ?{_TIME}{_NO_UNIT}")
_AFTER = re.compile(rf"\b(?:after|past|later than|from|not before) {_TIME}{_NO_UNIT}")
_OR_LATER = re.compile(rf"(?<![\d/$#])\b{_TIME} or (?:later|after)\b")
_BEFORE = re.compile(rf"\b(?:before|by|until|earlier than|no later than) {_TIME}{_NO_UNIT}")
_AT = re.compile(rf"(?<!at least )\b(?:at|around|about|near) {_TIME}(?:ish)?{_NO_UNIT}")
_BARE = re.compile(r"(?<![\d/$#:.])\b(\d{1,2})(?::(\d{2}))? ?(am|pm)\b|(?<![\d/$#:.])\b(\d{1,2}):(\d{2})\b(?!:)|"
                   r"(?<![\d/$#:.])\b(\d{1,2}) ?ish\b")  # fmt: skip

# The part of the day, from and before which hour; the longer name first.
_PARTS = (
    ("early morning", 0, 10), ("late morning", 10, 12), ("morning", 0, 12), ("early afternoon", 12, 15),
    ("late afternoon", 15, 18), ("afternoon", 12, 17), ("early evening", 16, 18), ("evening", 17, 24),
    ("night", 17, 24),    ("after work", 17, 24), ("lunchtime", 11, 14), ("lunch", 11, 14), ("end of day", 16, 24),
)  # fmt: skip
_NOON = {"before noon": (0, 12), "after noon": (12, 24), "noon": (12, 13)}


_Clock = Callable[[str, str | None, str | None], int | None]
_Bounds = tuple[time | None, time | None]


def read(said: str, *, opens: time, closes: time) -> _Bounds:
    """(start not before, start before), each None where nothing is said of it. `said` is in canonical words."""

    def clock(hour: str, minutes: str | None, half: str | None) -> int | None:
        return _minutes(int(hour), int(minutes or 0), half or "", opens, closes)

    for pattern in (_BETWEEN, _RANGE):
        if found := pattern.search(said):
            if pattern is _RANGE and not (found[3] or found[6] or found[2] or found[5]):
                continue  # "2-3" alone may be anything
            first, last = clock(found[1], found[2], found[3] or found[6]), clock(found[4], found[5], found[6])
            if first is not None and last is not None:
                first = first - 720 if first >= last and first >= 720 else first  # "10-2pm" begins in the morning
                return _time(first), _time(last) if last > first else None
    return _one_sided(said, clock) or _part(said)


def _one_sided(said: str, clock: _Clock) -> _Bounds | None:
    for word, bounds in _NOON.items():
        if re.search(rf"\b{word}\b", said):
            return _bounds(*bounds)
    for pattern in (_AFTER, _OR_LATER):
        if (found := pattern.search(said)) and (at := clock(found[1], found[2], found[3])) is not None:
            return _time(at), None
    if (found := _BEFORE.search(said)) and (at := clock(found[1], found[2], found[3])) is not None:
        return None, _time(at)
    found = _AT.search(said)
    parts = (found[1], found[2], found[3]) if found else None
    if parts is None and (found := _BARE.search(said)):
        parts = (found[1] or found[4] or found[6], found[2] or found[5], found[3])
    if parts and (at := clock(*parts)) is not None:
        return _time(at), _time(at + int(_AT_LENGTH.total_seconds() // 60))
    return None


def _part(said: str) -> _Bounds:
    for name, first, last in _PARTS:
        if re.search(rf"\b{name}s?\b", said):
            return _bounds(first, last)
    return None, None


def _bounds(first: int, last: int) -> _Bounds:
    return time(first) if first else None, time(last) if last < 24 else None


def _minutes(hour: int, minutes: int, half: str, opens: time, closes: time) -> int | None:
    """Minutes since midnight; without am or pm, those at which the place is open."""
    if hour > 23 or minutes > 59 or (half and not 1 <= hour <= 12):
        return None
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    elif hour < 12:
        morning, afternoon = time(hour, minutes), time(hour + 12, minutes)
        if not opens <= morning <= closes and (opens <= afternoon <= closes or hour < 7):
            hour += 12
    return hour * 60 + minutes


def _time(minutes: int) -> time | None:
    return time(minutes // 60, minutes % 60) if minutes < 24 * 60 else None
