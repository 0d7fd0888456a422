"""Appointments: good options, no slot twice."""

import threading
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, connection, transaction

from common.errors import Refused
from members import scheduling
from members.models import AuditEntry, Closure, Membership, Shift, SlotHold, TimeOff, Visit
from members.scheduling import ANYTIME, Opening, TimeWish
from tests.factories import NOON, make_location, make_membership, make_patient, make_provider, make_service

AUSTIN = ZoneInfo("America/Chicago")
TWO_WEEKS = timedelta(days=14)

pytestmark = pytest.mark.django_db


@pytest.fixture
def facial():
    return make_service()


@pytest.fixture
def dana(facial):
    return make_provider(make_location(), facial)


@pytest.fixture
def ana(dana):
    return make_membership().patient


def openings(patient, service, *, after=NOON, until=None, limit=2, wish=ANYTIME):
    until = until or after + TWO_WEEKS
    return scheduling.get().openings(patient=patient, service=service, after=after, until=until, limit=limit, wish=wish)


def hold(patient, *chosen, minutes=15, now=NOON):
    until = now + timedelta(minutes=minutes)
    return scheduling.get().hold(patient=patient, openings=chosen, until=until, actor=f"patient:{patient.pk}", now=now)


def starts(found):
    return [opening.starts_at.astimezone(AUSTIN) for opening in found]


def book(patient, opening, *, now=NOON):
    return scheduling.get().book(patient=patient, opening=opening, actor=f"patient:{patient.pk}", now=now)


def visit(patient, service, starts_at, *, provider=None, status=Visit.Status.BOOKED, minutes=60):
    return Visit.objects.create(
        patient=patient,
        service=service,
        location=patient.home_location,
        provider=provider,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=minutes),
        status=status,
    )


def local(*parts):
    return datetime(*parts, tzinfo=AUSTIN)


def test_two_options_lie_on_different_days_and_at_different_times_of_day(ana, facial):
    first, second = openings(ana, facial)

    assert first.starts_at.astimezone(AUSTIN).date() != second.starts_at.astimezone(AUSTIN).date()
    assert (first.starts_at.astimezone(AUSTIN).hour < 12) != (second.starts_at.astimezone(AUSTIN).hour < 12)


def test_no_option_is_sooner_than_two_hours_from_now(ana, facial):
    first, _ = openings(ana, facial)

    assert first.starts_at >= NOON + timedelta(hours=2)


@pytest.mark.parametrize("after", [NOON + timedelta(hours=hours) for hours in range(0, 24 * 7, 5)])
def test_every_option_lies_inside_business_hours_on_the_half_hour(ana, facial, after):
    found = openings(ana, facial, after=after, limit=6)

    assert len(found) == 6
    for opening in found:
        begins, ends = opening.starts_at.astimezone(AUSTIN), opening.ends_at.astimezone(AUSTIN)
        assert begins.weekday() < 6, "closed on Sunday"
        assert begins.minute in (0, 30)
        assert begins.hour >= 9
        assert (ends.hour, ends.minute) <= (19, 0)
        assert opening.ends_at - opening.starts_at == timedelta(minutes=60)


def test_hours_follow_the_clocks_change_of_the_location(ana, facial):
    before_the_change = local(2026, 10, 31, 18, 0)  # clocks go back in the night to Sunday, 1 November 2026

    found = openings(ana, facial, after=before_the_change, until=before_the_change + timedelta(days=3), limit=4)

    assert {opening.starts_at.astimezone(AUSTIN).date().isoformat() for opening in found} == {
        "2026-11-02",
        "2026-11-03",
    }
    assert min(opening.starts_at for opening in found) == local(2026, 11, 2, 9, 0)


def test_the_usual_weekday_and_hour_come_first(ana, facial, dana):
    for weeks in (2, 4, 6):
        visit(ana, facial, local(2026, 6, 12, 15, 0) - timedelta(weeks=weeks), status=Visit.Status.COMPLETED)

    found = [opening.starts_at.astimezone(AUSTIN) for opening in openings(ana, facial)]

    assert local(2026, 6, 19, 15, 0) in found, "the next Friday at three"
    assert all(when.hour == 15 for when in found)


def test_a_slot_that_overlaps_a_booked_visit_is_not_offered(ana, facial, dana):
    stranger = make_patient("Bea", "Lund")
    visit(stranger, facial, local(2026, 6, 17, 9, 0), provider=dana, minutes=9 * 60 + 15)

    found = openings(ana, facial, after=local(2026, 6, 17, 5, 0), until=local(2026, 6, 18, 0, 0))

    assert found == [], "what is left of the day is shorter than the service"


def test_a_second_provider_keeps_the_time_open(ana, facial, dana):
    visit(make_patient("Bea", "Lund"), facial, local(2026, 6, 17, 9, 0), provider=dana, minutes=600)
    other = make_provider(make_location(), facial, name="Kim Cho")

    found = openings(ana, facial, after=local(2026, 6, 17, 5, 0), until=local(2026, 6, 18, 0, 0))

    assert {opening.provider_id for opening in found} == {other.pk}


def test_the_patients_own_visit_with_someone_else_blocks_the_time(ana, facial, dana):
    massage = make_service("Massage", category="Body")
    visit(ana, massage, local(2026, 6, 17, 9, 0), provider=make_provider(make_location(), massage), minutes=600)

    assert openings(ana, facial, after=local(2026, 6, 17, 5, 0), until=local(2026, 6, 18, 0, 0)) == []


def test_a_cancelled_visit_gives_its_slot_back(ana, facial, dana):
    taken = visit(make_patient("Bea", "Lund"), facial, local(2026, 6, 17, 9, 0), provider=dana, minutes=600)
    scheduling.get().cancel(visit=taken, actor="system", now=NOON)

    assert len(openings(ana, facial, after=local(2026, 6, 17, 5, 0), until=local(2026, 6, 18, 0, 0))) == 2


def test_without_a_provider_for_the_service_there_is_nothing(ana):
    assert openings(ana, make_service("Laser", category="Skin")) == []


def test_booking_writes_the_visit_the_audit_row_and_the_next_appointment(ana, facial):
    opening = openings(ana, facial)[0]

    booked = book(ana, opening)

    assert (booked.starts_at, booked.ends_at, booked.status) == (opening.starts_at, opening.ends_at, "booked")
    assert Membership.objects.get(patient=ana).next_appointment_at == opening.starts_at
    entry = AuditEntry.objects.get(action="visit.booked")
    assert (entry.patient, entry.actor, entry.data["visit"]) == (ana, f"patient:{ana.pk}", booked.pk)


def test_the_next_appointment_is_the_earliest_of_the_booked_ones(ana, facial):
    first, second = openings(ana, facial)

    later = book(ana, second)
    sooner = book(ana, first)

    assert Membership.objects.get(patient=ana).next_appointment_at == first.starts_at
    scheduling.get().cancel(visit=sooner, actor="system", now=NOON)
    assert Membership.objects.get(patient=ana).next_appointment_at == second.starts_at
    scheduling.get().cancel(visit=later, actor="system", now=NOON)
    assert Membership.objects.get(patient=ana).next_appointment_at is None


def test_a_slot_taken_meanwhile_is_refused_and_nothing_is_written(ana, facial):
    opening = openings(ana, facial)[0]
    book(make_patient("Bea", "Lund"), opening)

    with pytest.raises(Refused) as refused:
        book(ana, opening)

    assert refused.value.code == "slot_taken"
    assert not ana.visits.exists()


def test_a_slot_that_overlaps_by_half_an_hour_is_refused(ana, facial):
    opening = openings(ana, facial)[0]
    shift = timedelta(minutes=30)
    book(make_patient("Bea", "Lund"), opening)

    with pytest.raises(Refused):
        book(
            ana,
            Opening(
                facial.pk,
                opening.location_id,
                opening.provider_id,
                opening.starts_at + shift,
                opening.ends_at + shift,
            ),
        )


def test_a_time_that_has_passed_is_refused(ana, facial):
    opening = openings(ana, facial)[0]

    with pytest.raises(Refused) as refused:
        book(ana, opening, now=opening.starts_at)

    assert refused.value.code == "slot_past"


def test_a_provider_who_left_is_refused(ana, facial, dana):
    opening = openings(ana, facial)[0]
    dana.delete()

    with pytest.raises(Refused):
        book(ana, opening)


def test_a_visit_that_was_cancelled_cannot_be_cancelled_again(ana, facial):
    booked = book(ana, openings(ana, facial)[0])
    scheduling.get().cancel(visit=booked, actor="system", now=NOON)

    with pytest.raises(Refused):
        scheduling.get().cancel(visit=booked, actor="system", now=NOON)


# --- wishes, shifts, closures ---


def test_after_four_on_thursday_is_offered_after_four_on_thursday(ana, facial):
    thursday = date(2026, 6, 18)

    found = openings(ana, facial, wish=TimeWish(days=((thursday, thursday),), begins=time(16)))

    assert len(found) == 2
    assert all(when.date() == thursday and when.hour >= 16 for when in starts(found))


def test_any_day_but_monday_in_the_morning(ana, facial):
    wish = TimeWish(not_weekdays=frozenset({0}), before=time(12))

    found = starts(openings(ana, facial, limit=None, wish=wish))

    assert {when.weekday() for when in found} == {1, 2, 3, 4, 5}
    assert max(when.hour for when in found) == 11


def test_a_named_provider_is_the_only_one_offered(ana, facial, dana):
    kim = make_provider(make_location(), facial, name="Kim Cho")

    found = openings(ana, facial, limit=None, wish=TimeWish(provider_id=kim.pk))

    assert {opening.provider_id for opening in found} == {kim.pk}


def test_the_provider_whom_the_patient_usually_sees_is_asked_first(ana, facial, dana):
    kim = make_provider(make_location(), facial, name="Kim Cho")
    visit(ana, facial, NOON - timedelta(days=30), provider=kim, status=Visit.Status.COMPLETED)

    assert {opening.provider_id for opening in openings(ana, facial)} == {kim.pk}


def test_a_provider_works_in_shifts_and_is_away_in_time_off(ana, facial, dana):
    Shift.objects.create(provider=dana, weekday=2, starts=time(9), ends=time(12))
    Shift.objects.create(provider=dana, weekday=2, starts=time(13), ends=time(15))
    TimeOff.objects.create(provider=dana, starts_at=local(2026, 6, 17, 9, 0), ends_at=local(2026, 6, 17, 10, 30))

    found = starts(openings(ana, facial, until=local(2026, 6, 22, 0, 0), limit=None))

    assert [(when.day, when.hour, when.minute) for when in found] == [
        (17, 10, 30), (17, 11, 0), (17, 13, 0), (17, 13, 30), (17, 14, 0),
    ]  # fmt: skip


def test_nobody_is_booked_on_a_holiday_and_a_short_day_ends_early(ana, facial, dana):
    Closure.objects.create(location=dana.location, on=date(2026, 6, 19), name="Juneteenth")
    Closure.objects.create(location=dana.location, on=date(2026, 6, 20), name="Party", opens=time(9), closes=time(11))

    found = starts(openings(ana, facial, after=local(2026, 6, 19, 0, 0), until=local(2026, 6, 22, 0, 0), limit=None))

    assert [(when.day, when.hour, when.minute) for when in found] == [(20, 9, 0), (20, 9, 30), (20, 10, 0)]


# --- holds ---


def test_a_held_time_is_kept_for_one_patient_until_it_runs_out(ana, facial):
    bea = make_patient("Bea", "Lund")
    first, second = openings(ana, facial)
    hold(ana, first, second)

    assert first not in openings(bea, facial, limit=None)
    assert first in openings(ana, facial, limit=None)
    with pytest.raises(Refused):
        book(bea, first)
    assert book(bea, first, now=NOON + timedelta(minutes=15)).patient == bea


def test_a_held_time_cannot_be_held_by_another(ana, facial):
    first, _ = openings(ana, facial)
    hold(ana, first)

    with pytest.raises(Refused) as refused:
        hold(make_patient("Bea", "Lund"), first)

    assert refused.value.code == "slot_taken"


def test_holding_other_times_lets_go_of_the_earlier_ones(ana, facial):
    first, second = openings(ana, facial)
    hold(ana, first)

    hold(ana, second)

    assert [held.starts_at for held in SlotHold.objects.live(NOON)] == [second.starts_at]


def test_a_refused_hold_keeps_the_earlier_one(ana, facial):
    first, second = openings(ana, facial)
    hold(ana, first)
    book(make_patient("Bea", "Lund"), second)

    with pytest.raises(Refused):
        hold(ana, second)

    assert [held.starts_at for held in SlotHold.objects.live(NOON)] == [first.starts_at]


def test_booking_ends_the_patients_holds(ana, facial):
    first, second = openings(ana, facial)
    hold(ana, first, second)

    book(ana, second)

    assert not SlotHold.objects.live(NOON).exists()


# --- moving ---


def test_a_move_takes_the_new_time_and_gives_the_old_one_back(ana, facial):
    first, second = openings(ana, facial)
    booked = book(ana, first)

    moved = scheduling.get().move(visit=booked, opening=second, actor="patient:1", now=NOON)

    assert (moved.pk, moved.starts_at, moved.status) == (booked.pk, second.starts_at, "booked")
    assert Membership.objects.get(patient=ana).next_appointment_at == second.starts_at
    assert book(make_patient("Bea", "Lund"), first)
    assert AuditEntry.objects.filter(action="visit.moved", patient=ana).count() == 1


def test_a_move_by_half_an_hour_may_overlap_the_visit_itself(ana, facial, dana):
    booked = book(ana, openings(ana, facial)[0])
    later = booked.starts_at + timedelta(minutes=30)
    opening = Opening(facial.pk, dana.location_id, dana.pk, later, later + timedelta(hours=1))

    assert scheduling.get().move(visit=booked, opening=opening, actor="staff:1", now=NOON).starts_at == later


def test_a_refused_move_leaves_the_visit_as_it_was(ana, facial):
    first, second = openings(ana, facial)
    booked = book(ana, first)
    book(make_patient("Bea", "Lund"), second)

    with pytest.raises(Refused):
        scheduling.get().move(visit=booked, opening=second, actor="patient:1", now=NOON)

    booked.refresh_from_db()
    assert booked.starts_at == first.starts_at


# --- at once ---


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_twelve_patients_who_take_overlapping_times_at_once_no_two_get_them():
    facial = make_service()
    dana = make_provider(make_location(), facial)
    patients = [make_patient(f"P{number}", "Test") for number in range(12)]
    base = local(2026, 6, 17, 9, 0)
    barrier = threading.Barrier(12)
    outcomes = []

    def take(number):
        try:
            starts_at = base + timedelta(minutes=30 * (number % 2))
            opening = Opening(facial.pk, dana.location_id, dana.pk, starts_at, starts_at + timedelta(minutes=60))
            barrier.wait()
            try:
                book(patients[number], opening)
                outcomes.append("booked")
            except Refused as refused:
                outcomes.append(refused.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=take, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["booked"] + ["slot_taken"] * 11
    assert Visit.objects.filter(status="booked").count() == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_one_patient_is_not_booked_with_two_providers_at_the_same_time():
    facial = make_service()
    providers = [make_provider(make_location(), facial, name=f"Provider {number}") for number in range(6)]
    ana = make_patient()
    starts_at = local(2026, 6, 17, 9, 0)
    barrier = threading.Barrier(6)
    outcomes = []

    def take(number):
        try:
            dana = providers[number]
            opening = Opening(facial.pk, dana.location_id, dana.pk, starts_at, starts_at + timedelta(minutes=60))
            barrier.wait()
            try:
                (hold if number % 2 else book)(ana, opening)
                outcomes.append("held" if number % 2 else "booked")
            except Refused as refused:
                outcomes.append(refused.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=take, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert outcomes.count("booked") == 1
    assert Visit.objects.filter(status="booked").count() == 1


@pytest.mark.postgres
@pytest.mark.parametrize("whose", ["provider", "patient"])
def test_the_database_itself_refuses_an_overlap(ana, facial, dana, whose):
    visit(ana, facial, local(2026, 6, 17, 9, 0), provider=dana)
    kim = make_provider(make_location(), facial, name="Kim Cho")
    other = {"provider": (make_patient("Bea", "Lund"), dana), "patient": (ana, kim)}[whose]

    with pytest.raises(IntegrityError, match=f"{whose}_booked_once"), transaction.atomic():
        visit(other[0], facial, local(2026, 6, 17, 9, 30), provider=other[1])


def test_what_the_practices_scheduler_double_books_is_mirrored_as_it_is(ana, facial, dana):
    for number, patient in enumerate([ana, make_patient("Bea", "Lund")]):
        mirrored = visit(patient, facial, local(2026, 6, 17, 9, 0), provider=dana, status=Visit.Status.CANCELLED)
        Visit.objects.filter(pk=mirrored.pk).update(external_id=f"v{number}", status="booked")

    assert dana.visit_set.filter(status="booked").count() == 2
