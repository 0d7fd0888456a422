"""When a text asks to come: a small grammar of days and hours, English and Spanish, on the location's clock.

It names only what is said: "2", "I have 2 credits left" and "card ends in 4412" are no dates. An hour without am or pm
is the one at which the place is open: "at 2" is 14:00. What it resolves is always said back to the patient.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from concierge.understanding import hours
from concierge.understanding.calendar_words import canonical
from members.scheduling.wishes import Days, TimeWish

_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)
_SOON = timedelta(days=28)  # how far "after the 20th" or "not before Friday" looks
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WD = rf"(?:{'|'.join(_DAYS)})"
_MO = rf"(?:{'|'.join(_MONTHS)})"
_NTH = r"(\d{1,2})(?:st|nd|rd|th)?"
_END = r"(?![\d:/])(?! ?(?:am|pm))"
_NUMBERS = {"a": 1, "one": 1, "couple": 2, "few": 3, "two": 2, "three": 3, "four": 4}
_NOT = re.compile(r"(?:\bnot|\bbut|\bexcept|\bcant|\bcannot|\bno)(?: (?:do|on|make|this|next|for|it|work))*(?: or)? *$")
_LIMIT = re.compile(r"\b(before|by|until|after)(?: the)? *$")


@dataclass
class _Said:
    """What was found so far; each phrase that was understood is cut out of `rest`."""

    today: date
    rest: str
    ranges: list[Days] = field(default_factory=list)
    spans: list[Days] = field(default_factory=list)  # whole weeks and months, which a weekday narrows
    weekdays: list[tuple[int, str]] = field(default_factory=list)  # and "next", "this" or ""
    every: set[int] = field(default_factory=set)  # "Tuesdays"
    not_days: set[int] = field(default_factory=set)
    part: str = ""  # "this afternoon" names a time of day too


def read(text: str, *, now: datetime, opens: time, closes: time) -> TimeWish | None:
    """`now` on the location's wall clock, and its usual hours; None when the text names no day and no hour."""
    said = _Said(now.date(), canonical(text))
    for pattern, take in _PHRASES:
        said.rest = pattern.sub(lambda found, take=take: _cut(take, said, found), said.rest)  # type: ignore[misc]
    begins, before = hours.read(f"{said.rest} {said.part}", opens=opens, closes=closes)
    days, weekdays = _days(said), frozenset(said.every)
    if not (days or weekdays or said.not_days or begins or before):
        return None
    return TimeWish(
        days=tuple(days),
        weekdays=weekdays,
        not_weekdays=frozenset(said.not_days - said.every),
        begins=begins or time.min,
        before=before,
    )


def _cut(take: "_Take", said: _Said, found: re.Match[str]) -> str:
    """Let a phrase speak; ' | ' where it was understood, so that no other phrase reads across it."""
    return " | " if take(said, found) else found[0]


_Take = Callable[[_Said, re.Match[str]], bool]


def _days(said: _Said) -> list[Days]:
    """Single days, narrowed weeks and months; nothing before today."""
    plain = [_weekday(said.today, number, which) for number, which in said.weekdays]
    if said.spans and said.weekdays:
        named = {number for number, _ in said.weekdays}
        found = [(day, day) for span in said.spans for day in _each(span) if day.weekday() in named]
    elif said.ranges:
        # "Friday the 19th", "Fri 6/19": the weekday says again which day the date is.
        found = said.ranges + [
            (day, day) for day in plain if not any(first.weekday() == day.weekday() for first, _ in said.ranges)
        ]
    else:
        found = said.spans + [(day, day) for day in plain]
    kept = {(max(first, said.today), last) for first, last in found if last >= said.today}
    return sorted(kept)


def _weekday(today: date, number: int, which: str) -> date:
    """The next such day, today included; with "next" the one of the following calendar week."""
    if which == "next":
        return today - timedelta(days=today.weekday()) + _WEEK + timedelta(days=number)
    return today + timedelta(days=(number - today.weekday()) % 7)


def _each(span: Days) -> list[date]:
    first, last = span
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _add(said: _Said, found: re.Match[str], first: date, last: date) -> bool:
    """A day or more, or the time before or after it: "before Friday", "after the 20th"."""
    limit = _LIMIT.search(found.string[: found.start()])
    if limit and limit[1] == "after":
        first, last = last + _DAY, last + _SOON
    elif limit:
        first, last = said.today, (last if limit[1] in ("by", "until") else first - _DAY)
    said.ranges.append((first, last))
    return True


# --- phrases, the longest first ---


def _soon(said: _Said, found: re.Match[str]) -> bool:
    ahead = {"day after tomorrow": 2, "tomorrow": 1}.get(found[0], 0)
    said.part = said.part or {"tonight": "evening"}.get(found[0], "")
    if found[0].startswith("this "):
        said.part = found[0].removeprefix("this ")
    day = said.today + ahead * _DAY
    return _add(said, found, day, day)


def _week(said: _Said, found: re.Match[str]) -> bool:
    which = found["which"]
    monday = said.today - timedelta(days=said.today.weekday())
    number = {"this": 0, "next": 1, "after": 2, "coming": 1}[which]
    first = monday + number * _WEEK
    if found["unit"] == "weekend":
        said.spans.append((first + 5 * _DAY, first + 6 * _DAY))
        return True
    last = first + 6 * _DAY
    part = found["part"] or ""
    if part in ("early", "beginning"):
        last = first + 2 * _DAY
    elif part in ("late", "later", "end"):
        first += 3 * _DAY
    elif part == "mid":
        first, last = first + _DAY, first + 3 * _DAY
    said.spans.append((first, last))
    if found["both"]:
        said.spans.append((monday + _WEEK, monday + _WEEK + 6 * _DAY))
    return True


def _month(said: _Said, found: re.Match[str]) -> bool:
    first = said.today.replace(day=1)
    if found["month"] in _MONTHS:
        number = _MONTHS.index(found["month"]) + 1
        first = first.replace(year=first.year + (number < first.month), month=number)
    elif found["which"] == "next":
        first = _next_month(first)
    last = _next_month(first) - _DAY
    part = found["part"] or ""
    if part in ("early", "beginning"):
        last = first + 9 * _DAY
    elif part == "mid":
        first, last = first + 10 * _DAY, first + 19 * _DAY
    elif part in ("late", "later", "end"):
        first = last - 9 * _DAY
    said.spans.append((first, last))
    return True


def _next_month(first: date) -> date:
    return (first + timedelta(days=32)).replace(day=1)


def _numeric(said: _Said, found: re.Match[str]) -> bool:
    return _dated(said, found, int(found[1]), int(found[2]), int(found[2]))


def _month_day(said: _Said, found: re.Match[str]) -> bool:
    return _dated(said, found, _MONTHS.index(found[1]) + 1, int(found[2]), int(found[3] or found[2]))


def _day_month(said: _Said, found: re.Match[str]) -> bool:
    return _dated(said, found, _MONTHS.index(found[3]) + 1, int(found[1]), int(found[2] or found[1]))


def _dated(said: _Said, found: re.Match[str], month: int, first: int, last: int) -> bool:
    try:
        begins, ends = date(said.today.year, month, first), date(said.today.year, month, last)
        if ends < said.today:
            begins, ends = date(said.today.year + 1, month, first), date(said.today.year + 1, month, last)
    except ValueError:
        return False
    return begins <= ends and _add(said, found, begins, ends)


def _nth(said: _Said, found: re.Match[str]) -> bool:
    """The 19th, this month or the next one."""
    month = said.today.replace(day=1)
    for first in (month, _next_month(month)):
        try:
            day = first.replace(day=int(found[1]))
        except ValueError:
            continue
        if day >= said.today:
            return _add(said, found, day, day)
    return False


def _ahead(said: _Said, found: re.Match[str]) -> bool:
    """In two weeks: that week; in three days: that day."""
    number = _NUMBERS.get(found[1]) or int(found[1])
    if found[2] == "day":
        day = said.today + number * _DAY
        return _add(said, found, day, day)
    weeks = number * (4 if found[2] == "month" else 1)
    monday = said.today - timedelta(days=said.today.weekday()) + weeks * _WEEK
    said.spans.append((monday, monday + 6 * _DAY))
    return True


def _few_days(said: _Said, found: re.Match[str]) -> bool:
    said.ranges.append((said.today, said.today + 4 * _DAY))
    return True


def _from_to(said: _Said, found: re.Match[str]) -> bool:
    first, last = _DAYS.index(found[1]), _DAYS.index(found[2])
    if first >= last:
        return False
    said.weekdays += [(number, "") for number in range(first, last + 1)]
    return True


def _kind_of_day(said: _Said, found: re.Match[str]) -> bool:
    days = set(range(5)) if found[0].startswith("weekday") else {5, 6}
    (said.not_days if _NOT.search(found.string[: found.start()]) else said.every).update(days)
    return True


def _named(said: _Said, found: re.Match[str]) -> bool:
    number, which = _DAYS.index(found[2]), (found[1] or "").strip()
    before = found.string[: found.start()].replace("|", "")
    if _NOT.search(before) or (re.search(r"(?:or|and|,) *$", before) and _NOT.search(_without_days(before))):
        said.not_days.add(number)
    elif found[3]:
        said.every.add(number)
    elif (limit := _LIMIT.search(before)) and limit[1] != "by":
        day = _weekday(said.today, number, which)
        return _add(said, found, day, day)
    else:
        said.weekdays.append((number, which))
    return True


def _without_days(before: str) -> str:
    """ "not monday or" -> "not": the denial holds for the days that follow it."""
    return re.sub(rf"(?: *(?:or|and|,|{_WD}z?))+ *$", " ", before)


_PHRASES: tuple[tuple[re.Pattern[str], _Take], ...] = tuple(
    (re.compile(pattern), take)
    for pattern, take in (
        (
            r"\bday after tomorrow\b|\btomorrow\b|\btoday\b|\btonight\b|\bthis (?:morning|afternoon|evening)\b",
            _soon,
        ),
        (
            r"(?:\b(?P<part>early|late|later|end|beginning|mid)(?: of| in)? )?(?:the )?(?:rest of )?"
            r"\b(?P<which>this|next)(?: coming)? (?P<unit>week|weekend)\b(?P<both> or (?:the )?next(?: week| one)?\b"
            rf"(?! {_WD}))?",
            _week,
        ),
        (r"(?P<part>\b)(?P<unit>week) (?P<which>after) next\b(?P<both>\b)?", _week),
        (r"\b(?:next|within a|the next|coming) (?:few|couple of|couple) days\b", _few_days),
        (r"\bin (a|one|two|three|four|couple|few|\d{1,2}) (?:of )?(day|week|month)s?\b(?! ago)", _ahead),
        (rf"\b({_MO})\.? {_NTH}(?: ?(?:-|to|thru|through) ?{_NTH})?{_END}(?:,? 20\d\d)?", _month_day),
        (rf"\b{_NTH}(?: ?(?:-|to) ?{_NTH})? (?:of |de )?({_MO})\b", _day_month),
        (r"(?<![\d/$.])\b(\d{1,2})/(\d{1,2})(?:/(?:20)?\d\d)?\b(?!/| off| of| price|%)", _numeric),
        (
            r"(?:\b(?P<part>early|late|end|beginning|mid)(?: of| in)? )(?:the |this )?(?P<which>next)? ?"
            rf"(?P<month>month|{_MO})\b",
            _month,
        ),
        (r"(?P<part>\b)(?P<which>this|next) (?P<month>month)\b", _month),
        (rf"(?P<part>\b)(?P<which>\b)\b(?:in|during|for|sometime) (?P<month>{_MO})\b(?! i\b)", _month),
        (r"\b(?:the|el) (\d{1,2})(?:st|nd|rd|th)?\b(?![:/]|\d| ?(?:am|pm)\b| (?:one|option|credit|week|of)\b)", _nth),
        (r"\b(\d{1,2})(?:st|nd|rd|th)\b(?! (?:one|option|time|visit|credit|street|st|ave|floor)\b)", _nth),
        (rf"\b({_WD}) ?(?:-|to|thru|through) ?({_WD})\b", _from_to),
        (r"\bweekdays?\b|\bweekends?\b", _kind_of_day),
        (rf"\b(next |this )?({_WD})(z)?\b(?! (?:damage|spot|spots|burn|screen|block|exposure))", _named),
    )
)
