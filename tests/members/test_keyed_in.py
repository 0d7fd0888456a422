"""A scheduler that takes no bookings from us: the desk keys them in, and only then do they stand."""

from datetime import timedelta

import pytest

from common.errors import Refused
from members import checks, credits, escalations, scheduling, visits
from members.models import Escalation, Membership, Visit
from outreach import appointments
from outreach.models import Message
from tests.factories import NOON, make_location, make_membership, make_provider, make_service, make_staff

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _reads_only(settings):
    settings.SCHEDULER = "keyed_in"


@pytest.fixture
def ana():
    make_provider(make_location(), make_service())
    membership = make_membership()
    credits.grant(
        membership=membership, service=make_service(), quantity=1, key="g", expires_at=NOON + 45 * DAY,
        actor="stripe", reason="period", now=NOON - 10 * DAY,
    )  # fmt: skip
    return membership.patient


def openings(ana):
    return scheduling.get().openings(patient=ana, service=make_service(), after=NOON, until=NOON + 14 * DAY)


def book(ana, opening):
    return scheduling.get().book(patient=ana, opening=opening, actor=f"patient:{ana.pk}", now=NOON)


def resolve(visit):
    case = Escalation.objects.get(subject=f"visit:{visit.pk}", reason="booking")
    escalations.resolve(escalation=case, by=make_staff(), outcome="Keyed in", now=NOON)


def test_a_booking_is_a_request_with_all_that_the_desk_needs(ana):
    first, _ = openings(ana)

    visit = book(ana, first)

    case = Escalation.objects.get()
    assert visit.status == "requested"
    for fact in ("Signature Facial", "Dana Reyes", "Tue Jun 16, 1:00 pm", "Ana Ortiz", "ends Jul 31", "(512) 555-"):
        assert fact in case.summary
    assert first not in openings(ana), "the time is kept meanwhile"


def test_the_resolved_case_confirms_the_visit_and_the_patient_hears_it_once(ana):
    visit = book(ana, openings(ana)[0])
    resolve(visit)

    assert visits.confirm_keyed_in(now=NOON) == 1
    assert (appointments.tell_confirmed(now=NOON), appointments.tell_confirmed(now=NOON)) == (1, 0)

    visit.refresh_from_db()
    text = Message.objects.get(kind="confirmation")
    assert (visit.status, visits.confirm_keyed_in(now=NOON)) == ("booked", 0)
    assert text.body == (
        "It's confirmed: you're booked Tue Jun 16, 1 pm, Glow Theory Austin. Plans changed? Just text us."
    )


def test_a_move_stands_only_when_the_desk_has_made_it(ana):
    first, second = openings(ana)
    visit = book(ana, first)
    resolve(visit)
    visits.confirm_keyed_in(now=NOON)
    visit.refresh_from_db()

    moved = scheduling.get().move(visit=visit, opening=second, actor=f"patient:{ana.pk}", now=NOON)

    visit.refresh_from_db()
    assert (visit.status, moved.status) == ("booked", "requested")
    case = Escalation.objects.get(subject=f"visit:{moved.pk}")
    assert case.summary.startswith("Move Tue Jun 16, 1:00 pm to: Signature Facial")
    escalations.resolve(escalation=case, by=make_staff("b@x.example"), outcome="Moved", now=NOON)
    visits.confirm_keyed_in(now=NOON)
    visit.refresh_from_db()
    assert visit.status == "cancelled"
    assert not hasattr(visit, "missed"), "a move is no late cancellation"
    assert Membership.objects.get(patient=ana).next_appointment_at == second.starts_at


def test_a_request_that_the_patient_cancels_tells_the_desk_in_the_same_case(ana):
    visit = book(ana, openings(ana)[0])

    scheduling.get().cancel(visit=visit, actor=f"patient:{ana.pk}", now=NOON)

    assert "Cancelled by the patient" in Escalation.objects.get().summary
    resolve(visit)
    assert visits.confirm_keyed_in(now=NOON) == 0
    assert Visit.objects.get().status == "cancelled"


def test_only_a_coming_appointment_is_moved(ana):
    first, second = openings(ana)
    visit = book(ana, first)
    visits.cancel(visit=visit, actor="staff:1", now=NOON)

    with pytest.raises(Refused):
        scheduling.get().move(visit=visit, opening=second, actor="staff:1", now=NOON)


def test_a_scheduler_that_nobody_knows_is_refused_at_the_start(settings):
    settings.SCHEDULER = "boulevard"

    assert [error.id for error in checks.the_scheduler_is_known(None)] == ["members.E005"]
