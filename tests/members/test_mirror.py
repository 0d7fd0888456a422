"""The mirror: any order, any repeat, and the rows say what the practice's scheduler says."""

from datetime import timedelta

import pytest

from members import mirror, scheduling
from members.models import Escalation, Membership, MissedVisit, Provider, SchedulerCursor, Visit
from members.scheduling import Changes, SchedulerError, VisitChange
from tests.factories import NOON, make_location, make_membership, make_patient, make_provider, make_service

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def ana():
    make_location()
    return make_membership(make_patient(external_id="p1")).patient


def change(status="booked", *, starts_at=NOON + 48 * HOUR, **named):
    facts = {
        "external_id": "a1", "patient_id": "p1", "service_id": make_service().external_id, "location_id": "austin",
        "provider_name": "Dana Reyes", "starts_at": starts_at, "ends_at": starts_at + HOUR, "status": status,
    }  # fmt: skip
    return VisitChange(**{**facts, **named})


class Pages:
    """A scheduler of two pages."""

    def __init__(self, *pages, error=None):
        self.pages, self.error, self.asked = pages, error, []

    def changes_since(self, *, cursor, now):
        self.asked.append(cursor)
        if self.error:
            raise self.error
        number = int(cursor or 0)
        page = self.pages[number] if number < len(self.pages) else ()
        return Changes(page, str(number + bool(page)), more=number + 1 < len(self.pages))


def use(monkeypatch, pages):
    monkeypatch.setattr(scheduling, "get", lambda: pages)


def test_changes_become_visits_page_by_page_from_where_the_last_round_ended(ana, monkeypatch):
    pages = Pages([change()], [change(external_id="a2", starts_at=NOON + 72 * HOUR)])
    use(monkeypatch, pages)

    assert mirror.sync(now=NOON) == 2
    assert mirror.sync(now=NOON) == 0

    assert pages.asked == ["", "1", "2"]
    assert Visit.objects.count() == 2
    assert Membership.objects.get(patient=ana).next_appointment_at == NOON + 48 * HOUR
    assert SchedulerCursor.objects.get().synced_at == NOON


def test_the_same_change_again_changes_nothing_and_a_later_one_moves_the_visit(ana):
    for told in (change(), change(), change(starts_at=NOON + 72 * HOUR)):
        assert mirror.apply(told, now=NOON)

    visit = Visit.objects.get()
    assert (visit.starts_at, visit.status, Provider.objects.count()) == (NOON + 72 * HOUR, "booked", 1)


def test_outcomes_are_followed_with_their_signals(ana):
    mirror.apply(change(starts_at=NOON - HOUR), now=NOON - 2 * HOUR)

    mirror.apply(change("no_show", starts_at=NOON - HOUR), now=NOON)
    assert MissedVisit.objects.filter(withdrawn_at__isnull=True).count() == 1

    mirror.apply(change("completed", starts_at=NOON - HOUR), now=NOON)
    assert not MissedVisit.objects.filter(withdrawn_at__isnull=True).exists()
    assert Membership.objects.get(patient=ana).last_visit_at == NOON - HOUR


def test_a_request_that_the_desk_keyed_in_is_found_again_and_confirmed(ana, settings):
    settings.SCHEDULER = "keyed_in"
    make_provider(make_location(), make_service())
    opening = scheduling.get().openings(
        patient=ana, service=make_service(), after=NOON, until=NOON + timedelta(days=3)
    )[0]
    visit = scheduling.get().book(patient=ana, opening=opening, actor="patient:1", now=NOON)

    mirror.apply(change(starts_at=opening.starts_at), now=NOON)

    visit.refresh_from_db()
    assert (visit.external_id, visit.status, visit.confirmed_at) == ("a1", "booked", NOON)
    assert Visit.objects.count() == 1


@pytest.mark.parametrize("unknown", ["patient_id", "service_id", "location_id"])
def test_an_appointment_of_somebody_unknown_is_a_case_not_a_crash(ana, unknown):
    assert not mirror.apply(change(**{unknown: "nobody"}), now=NOON)

    assert "appointment a1" in Escalation.objects.get(reason="scheduler_sync").summary
    assert not Visit.objects.exists()


@pytest.mark.parametrize(("permanent", "cases"), [(True, 1), (False, 0)])
def test_a_scheduler_that_does_not_answer_is_asked_again_and_a_refusal_is_a_case(ana, monkeypatch, permanent, cases):
    use(monkeypatch, Pages(error=SchedulerError("no", permanent=permanent)))

    assert mirror.sync(now=NOON) == 0

    assert Escalation.objects.filter(reason="scheduler_sync").count() == cases
    assert SchedulerCursor.objects.get().cursor == ""
