"""Openings for any diary: inside hours and shifts, beside nothing else, also in the nights when clocks change."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from members import scheduling
from members.models import BusinessHours, Closure, Location, Provider, Shift, TimeOff, Visit
from members.scheduling import TimeWish
from tests import factories

ZONE = "America/New_York"
NEW_YORK = ZoneInfo(ZONE)
SPRING, AUTUMN = datetime(2026, 3, 7, 17, tzinfo=UTC), datetime(2026, 10, 31, 16, tzinfo=UTC)  # the day before each
QUARTERS = [time(hour, minute) for hour in range(24) for minute in (0, 15, 30, 45)]

pytestmark = pytest.mark.django_db


@st.composite
def spans(draw):
    first, last = sorted(draw(st.lists(st.sampled_from(QUARTERS), min_size=2, max_size=2, unique=True)))
    return first, last


weeks = st.dictionaries(st.integers(0, 6), spans(), min_size=3, max_size=7)
moments = st.tuples(st.integers(0, 72 * 4), st.integers(1, 16))  # quarters of an hour from the start, and how long


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    begin=st.sampled_from([SPRING, AUTUMN]),
    hours=weeks,
    shifts=st.none() | weeks,
    off=st.lists(moments, max_size=3),
    booked=st.lists(moments, max_size=3),
    minutes=st.sampled_from([30, 45, 60, 75]),
    closed_in=st.integers(0, 5),
)
def test_every_opening_is_inside_hours_and_shifts_and_beside_nothing_else(
    begin, hours, shifts, off, booked, minutes, closed_in
):
    location, provider, service, patient = _practice(minutes)
    closed_on = (begin + timedelta(days=closed_in)).astimezone(NEW_YORK).date()
    Closure.objects.create(location=location, on=closed_on, name="Holiday")
    _fill(location, provider, hours, shifts)
    busy = [(begin + timedelta(minutes=15 * at), timedelta(minutes=15 * long)) for at, long in [*off, *booked]]
    for starts_at, length in busy[: len(off)]:
        TimeOff.objects.create(provider=provider, starts_at=starts_at, ends_at=starts_at + length)
    for number, (starts_at, length) in enumerate(busy[len(off) :]):
        Visit.objects.create(
            external_id=f"v{number}", patient=factories.make_patient(phone=""), service=service, location=location,
            provider=provider, starts_at=starts_at, ends_at=starts_at + length,
        )  # fmt: skip

    found = scheduling.get().openings(
        patient=patient, service=service, after=begin, until=begin + timedelta(days=4), limit=None, wish=TimeWish()
    )

    for opening in found:
        begins = opening.starts_at.astimezone(NEW_YORK)
        assert opening.ends_at - opening.starts_at == timedelta(minutes=minutes)
        assert begins.date() != closed_on
        for week in (hours, shifts):
            if week is not None:
                opens, closes = week[begins.weekday()]
                assert _on(begins, opens) <= opening.starts_at
                assert opening.ends_at <= _on(begins, closes)
        assert all(opening.ends_at <= at or at + length <= opening.starts_at for at, length in busy)


def _on(day, wall):
    """That wall clock on that local day, as a moment."""
    return datetime.combine(day.date(), wall, tzinfo=NEW_YORK).astimezone(UTC)


def _practice(minutes):
    for model in (Visit, Provider, Closure, BusinessHours):
        model.objects.all().delete()
    location = factories.make_location(name="Boston", external_id="boston", time_zone=ZONE)
    BusinessHours.objects.filter(location=location).delete()
    service = factories.make_service(f"Peel {minutes}", duration_minutes=minutes)
    patient = factories.make_patient(phone="", home_location=Location.objects.get(pk=location.pk))
    return location, factories.make_provider(location, service), service, patient


def _fill(location, provider, hours, shifts):
    for weekday, (opens, closes) in hours.items():
        BusinessHours.objects.create(location=location, weekday=weekday, opens=opens, closes=closes)
    for weekday, (begins, ends) in (shifts or {}).items():
        Shift.objects.create(provider=provider, weekday=weekday, starts=begins, ends=ends)


@pytest.mark.parametrize(
    ("night", "count"),
    [(datetime(2026, 3, 8, 5, tzinfo=UTC), 5), (datetime(2026, 11, 1, 4, tzinfo=UTC), 9)],
)
def test_a_place_that_is_open_in_the_night_has_an_hour_less_or_more_when_clocks_change(night, count):
    """Three hours from midnight to 4:00 in March, five in November; an hour's visit may start each half-hour."""
    location, provider, service, patient = _practice(60)
    _fill(location, provider, {6: (time(0), time(4))}, None)

    found = scheduling.get().openings(
        patient=patient, service=service, after=night - timedelta(hours=2), until=night + timedelta(hours=8), limit=None
    )

    assert len(found) == count
    assert len({opening.starts_at for opening in found}) == count
