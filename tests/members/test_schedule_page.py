"""The desk's schedule: who comes, what to know of them, what became of it; and booking for a patient."""

import re
from datetime import date, timedelta

import pytest
from django.urls import reverse

from common import clock
from members import scheduling
from members.models import AuditEntry, Closure, Visit
from tests.factories import (
    NOON,
    make_location,
    make_membership,
    make_patient,
    make_provider,
    make_service,
    make_staff,
    make_visit,
)

pytestmark = pytest.mark.django_db
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture(autouse=True)
def _at_noon(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOON)


@pytest.fixture
def desk(client):
    client.force_login(make_staff())
    return client


@pytest.fixture
def ana():
    make_provider(make_location(), make_service())
    return make_membership(status="past_due").patient


def words(response):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def act(desk, visit, what):
    return desk.post(reverse("members:visit_act", args=[visit.pk]), {"act": what, "next": "/schedule/?span=week"})


def test_today_shows_who_comes_when_and_what_to_know(desk, ana):
    make_visit(ana, NOON + 3 * HOUR)
    make_visit(make_patient("Bea", "Lund"), NOON + 2 * DAY)

    page = words(desk.get(reverse("members:schedule")))

    assert "2:00 pm" in page
    assert "Ana Ortiz" in page
    assert "Card failed" in page
    assert "Bea Lund" not in page


def test_a_week_shows_all_its_days_with_their_hours_and_holidays(desk, ana):
    make_visit(ana, NOON + 2 * DAY)
    Closure.objects.create(location=ana.home_location, on=date(2026, 6, 19), name="Juneteenth")

    page = words(desk.get(reverse("members:schedule") + "?span=week&day=2026-06-17"))

    assert "Mon Jun 15" in page
    assert "Sun Jun 21" in page
    assert "Juneteenth: closed" in page
    assert "Ana Ortiz" in page


@pytest.mark.parametrize("query", ["?day=tomorrow", "?day=9999-12-31", "?day=0001-01-01"])
def test_a_day_that_is_none_is_not_found(desk, ana, query):
    assert desk.get(reverse("members:schedule") + query).status_code == 404


@pytest.mark.parametrize(
    ("what", "status"),
    [("complete", "completed"), ("no_show", "no_show"), ("cancel", "cancelled"), ("call_off", "cancelled")],
)
def test_an_outcome_is_set_and_taken_back(desk, ana, what, status):
    visit = make_visit(ana, NOON - HOUR)

    answer = act(desk, visit, what)
    visit.refresh_from_db()
    assert (visit.status, answer.headers["Location"]) == (status, "/schedule/?span=week")
    act(desk, visit, "reopen")

    visit.refresh_from_db()
    assert visit.status == "booked"
    assert AuditEntry.objects.filter(action="visit.booked", actor__startswith="staff:").exists()


def test_the_share_of_missed_visits_is_shown(desk, ana):
    for days, what in ((1, "complete"), (2, "no_show"), (3, "complete"), (4, "complete")):
        act(desk, make_visit(ana, NOON - days * DAY), what)

    assert "1 no-show, 0 late cancellations (25.0 % of 4 visits)" in words(desk.get(reverse("members:schedule")))


def test_what_is_not_possible_is_said_and_changes_nothing(desk, ana):
    visit = make_visit(ana, NOON + DAY)

    act(desk, visit, "complete")
    act(desk, visit, "explode")

    visit.refresh_from_db()
    assert visit.status == "booked"
    assert "has not begun yet" in words(desk.get("/schedule/"))


def test_nobody_is_sent_to_another_site(desk, ana):
    visit = make_visit(ana, NOON - HOUR)

    answer = desk.post(
        reverse("members:visit_act", args=[visit.pk]), {"act": "complete", "next": "https://evil.example/"}
    )

    assert answer.headers["Location"] == reverse("members:schedule")


def test_the_desk_books_for_a_patient(desk, ana):
    address = reverse("members:book", args=[ana.pk])
    page = desk.get(address, {"service": make_service().pk}).content.decode()
    slot = re.search(r'name="slot" value="([^"]+)"', page)[1]

    desk.post(address, {"service": make_service().pk, "slot": slot})

    assert Visit.objects.get(patient=ana).starts_at.isoformat() == slot.split("|")[0]


def test_a_time_that_went_meanwhile_is_refused_at_the_desk(desk, ana):
    opening = scheduling.get().openings(patient=ana, service=make_service(), after=NOON, until=NOON + DAY)[0]
    scheduling.get().book(patient=make_patient("Bea", "Lund"), opening=opening, actor="staff:1", now=NOON)

    answer = desk.post(reverse("members:book", args=[ana.pk]), {"service": make_service().pk, "slot": opening.name})

    assert answer.status_code == 409
    assert not ana.visits.exists()


def test_a_practice_without_a_location_is_told_what_to_do(desk):
    assert "No location yet" in words(desk.get(reverse("members:schedule")))


def test_a_week_of_any_length_costs_the_same_few_questions(desk, ana, django_assert_max_num_queries):
    for number in range(8):
        make_visit(make_patient(f"P{number}", "Test"), NOON + number * HOUR)

    with django_assert_max_num_queries(20):
        desk.get(reverse("members:schedule") + "?span=week")
