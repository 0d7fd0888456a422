"""R17-R20, R23: when a text may go out."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common import states
from common.errors import Refused
from outreach import legal_tables, quiet_hours
from outreach.quiet_hours import Place

AUSTIN = Place("TX", "America/Chicago")
MIAMI = Place("FL", "America/New_York")
LOS_ANGELES = Place("CA", "America/Los_Angeles")

# A Tuesday, a Saturday, a Sunday and a holiday (Independence Day 2028 is a Tuesday).
TUESDAY, SATURDAY, SUNDAY = date(2026, 6, 16), date(2026, 6, 20), date(2026, 6, 14)
HOLIDAY = date(2028, 7, 4)
SOME_ZONE = {
    "AL": "America/Chicago",
    "LA": "America/Chicago",
    "MS": "America/Chicago",
    "TX": "America/Chicago",
    "OK": "America/Chicago",
    "MN": "America/Chicago",
    "IL": "America/Chicago",
    "NM": "America/Denver",
    "UT": "America/Denver",
    "NV": "America/Los_Angeles",
    "WA": "America/Los_Angeles",
    "CA": "America/Los_Angeles",
}

CLOSED = None
# Compliance.md's table, written out again by hand: (state, weekday, saturday, sunday, holiday on a weekday).
ROWS = [
    ("CA", (8, 21), (8, 21), (8, 21), (8, 21)),
    ("AL", (8, 20), (8, 20), CLOSED, CLOSED),
    ("CT", (9, 20), (9, 20), (9, 20), (9, 20)),
    ("FL", (8, 20), (8, 20), (8, 20), (8, 20)),
    ("IL", (9, 21), (9, 21), (9, 21), (9, 21)),
    ("KY", (10, 21), (10, 21), (10, 21), (10, 21)),
    ("LA", (8, 20), (8, 20), CLOSED, CLOSED),
    ("MA", (8, 20), (8, 20), (8, 20), (8, 20)),
    ("MD", (8, 20), (8, 20), (8, 20), (8, 20)),
    ("ME", (8, 21), (8, 21), (8, 21), (8, 21)),
    ("MI", (9, 21), (9, 21), (9, 21), (9, 21)),
    ("MN", (9, 21), (9, 21), (9, 21), (9, 21)),
    ("MS", (8, 20), (8, 20), CLOSED, CLOSED),
    ("NJ", (8, 20), (8, 20), (8, 20), (8, 20)),
    ("NM", (9, 21), (9, 21), (9, 21), (9, 21)),
    ("NV", (9, 20), (9, 20), (9, 20), (9, 20)),
    ("OK", (8, 20), (8, 20), (8, 20), (8, 20)),
    ("PA", (8, 21), (8, 21), (14, 21), CLOSED),
    ("RI", (9, 18), (10, 17), (10, 17), CLOSED),
    ("TX", (9, 21), (9, 21), (12, 21), (9, 21)),
    ("UT", (8, 21), (8, 21), CLOSED, CLOSED),
    ("VA", (8, 21), (8, 21), (8, 21), (8, 21)),
    ("WA", (8, 20), (8, 20), (8, 20), (8, 20)),
    ("", (10, 17), (10, 17), CLOSED, CLOSED),
    ("ZZ", (10, 17), (10, 17), CLOSED, CLOSED),
]
EDGES = [
    (state, day, hours)
    for state, *windows in ROWS
    for day, hours in zip((TUESDAY, SATURDAY, SUNDAY, HOLIDAY), windows, strict=True)
]


def local(day: date, hour: int, minute: int = 0, second: int = 0, zone: str = "America/Chicago") -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=ZoneInfo(zone)).astimezone(UTC)


def test_every_row_of_the_table_is_checked_here():
    rows = set(legal_tables.texting_hours().by_state) - {legal_tables.FEDERAL, legal_tables.UNKNOWN}

    assert rows == {state for state, *_ in ROWS} - {"CA", "", "ZZ"}


@pytest.mark.parametrize(("state", "day", "hours"), EDGES)
def test_the_window_opens_and_closes_to_the_second(state, day, hours):
    zone = SOME_ZONE.get(state, "America/New_York")
    places = [Place(state, zone)]

    if hours is None:
        assert not any(quiet_hours.is_open(local(day, hour, 30, zone=zone), places) for hour in range(24))
        return
    opens, closes = hours
    assert not quiet_hours.is_open(local(day, opens - 1, 59, 59, zone=zone), places)
    assert quiet_hours.is_open(local(day, opens, zone=zone), places)
    assert quiet_hours.is_open(local(day, closes - 1, 59, 59, zone=zone), places)
    assert not quiet_hours.is_open(local(day, closes, zone=zone), places)


def test_a_state_without_a_row_has_the_federal_hours():
    without = set(states.NAMES) - {state for state, *_ in ROWS}

    assert {quiet_hours.window(state, SUNDAY) for state in without} == {(8 * 60, 21 * 60)}


def test_a_florida_area_code_closes_california_early():
    """R19: CA address + 305 area code at 17:30 Pacific is 20:30 in Florida."""
    at = local(TUESDAY, 17, 30, zone="America/Los_Angeles")

    assert quiet_hours.is_open(at, [LOS_ANGELES])
    assert not quiet_hours.is_open(at, [LOS_ANGELES, MIAMI])
    assert quiet_hours.next_allowed(at, [LOS_ANGELES, MIAMI]) == local(
        TUESDAY + timedelta(days=1), 8, zone="America/Los_Angeles"
    )


def test_el_paso_is_open_only_while_texas_time_is_too():
    """R20: El Paso keeps Mountain time; Texas law names Central (9-21), so 20:30 in El Paso is too late."""
    el_paso = [Place("TX", "America/Denver")]

    assert not quiet_hours.is_open(local(TUESDAY, 8, 30, zone="America/Denver"), el_paso)
    assert quiet_hours.is_open(local(TUESDAY, 9, zone="America/Denver"), el_paso)
    assert quiet_hours.is_open(local(TUESDAY, 19, 59, zone="America/Denver"), el_paso)
    assert not quiet_hours.is_open(local(TUESDAY, 20, zone="America/Denver"), el_paso)


def test_pensacola_keeps_florida_hours_on_central_time():
    pensacola = [Place("FL", "America/Chicago")]

    assert not quiet_hours.is_open(local(TUESDAY, 7, 59, 59), pensacola)
    assert quiet_hours.is_open(local(TUESDAY, 8), pensacola)
    assert quiet_hours.is_open(local(TUESDAY, 19, 59, 59), pensacola)
    assert not quiet_hours.is_open(local(TUESDAY, 20), pensacola)


@pytest.mark.parametrize("night", [date(2026, 3, 8), date(2026, 11, 1)])
def test_the_nights_on_which_the_clocks_change_move_no_opening_hour(night):
    """R20; both are Sundays: Illinois opens at 09:00 on its own clock."""
    chicago = [Place("IL", "America/Chicago")]
    late = local(night - timedelta(days=1), 23)

    assert quiet_hours.next_allowed(late, chicago) == local(night, 9)


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "GMT+5"])
def test_an_unknown_zone_waits_until_coast_and_hawaii_are_both_open(zone):
    at = local(TUESDAY, 12, zone="America/New_York")

    opening = quiet_hours.next_allowed(at, [Place("NY", zone)])

    assert opening == local(TUESDAY, 10, zone="Pacific/Honolulu")


def test_no_place_at_all_is_an_unknown_place():
    at = local(TUESDAY, 9, zone="America/New_York")

    assert not quiet_hours.is_open(at, [])


def test_places_without_a_common_hour_are_refused_and_not_searched_for_ever():
    apart = [Place("RI", "America/New_York"), Place("RI", "Pacific/Guam")]

    with pytest.raises(Refused, match="no hour"):
        quiet_hours.next_allowed(local(TUESDAY, 12), apart)


def test_it_closes_with_the_first_place_that_closes():
    at = local(TUESDAY, 18, 30)

    assert quiet_hours.closes_at(at, [AUSTIN, MIAMI]) == local(TUESDAY, 20, zone="America/New_York")
    assert quiet_hours.closes_at(local(TUESDAY, 22), [AUSTIN]) == local(TUESDAY, 22)


ZONES = ["America/New_York", "America/Chicago", "America/Denver", "America/Phoenix", "America/Los_Angeles", ""]
places = st.lists(
    st.builds(Place, state=st.sampled_from([*states.NAMES, "", "ZZ"]), zone=st.sampled_from(ZONES)),
    min_size=1,
    max_size=4,
)
moments = st.integers(0, 3 * 365 * 24 * 3600).map(
    lambda second: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(0, second)
)


@given(when=moments, places=places)
def test_the_next_allowed_moment_is_open_and_never_in_the_past(when, places):
    allowed = quiet_hours.next_allowed(when, places)

    assert allowed >= when
    assert quiet_hours.is_open(allowed, places)
    assert (allowed == when) == quiet_hours.is_open(when, places)


@given(when=moments, places=places)
def test_nothing_was_open_before_the_next_allowed_moment(when, places):
    allowed = quiet_hours.next_allowed(when, places)

    steps = int(min(allowed - when, timedelta(days=3)) / timedelta(minutes=15))
    assert not any(
        quiet_hours.is_open(when + timedelta(minutes=15 * step), places)
        for step in range(steps)
        if when + timedelta(minutes=15 * step) < allowed
    )


@given(when=moments, places=places)
def test_open_means_inside_the_window_of_every_place(when, places):
    if not quiet_hours.is_open(when, places):
        return

    for place in places:
        if not place.zone:
            continue
        there = when.astimezone(ZoneInfo(place.zone))
        opens, closes = quiet_hours.window(place.state, there.date())
        assert opens <= there.hour * 60 + there.minute < closes


@given(when=moments, places=places)
def test_an_open_window_closes_later_today(when, places):
    if quiet_hours.is_open(when, places):
        closes = quiet_hours.closes_at(when, places)

        assert timedelta() < closes - when < timedelta(hours=13)
        assert not quiet_hours.is_open(closes, places)
