"""A visit's outcome: columns, credits and the signal of a missed visit follow it, also when it is taken back."""

from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.errors import Refused
from members import credits, standings, visits
from members.models import AuditEntry, CreditEntry, Membership, MissedVisit, Visit
from tests.factories import NOON, make_location, make_membership, make_provider, make_service, make_visit

HOUR = timedelta(hours=1)

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana():
    membership = make_membership()
    credits.grant(
        membership=membership, service=make_service(), quantity=1, key="g", expires_at=NOON + timedelta(days=45),
        actor="stripe", reason="period", now=NOON - timedelta(days=10),
    )  # fmt: skip
    return membership.patient


def left(patient):
    return Membership.objects.get(patient=patient).credits_remaining


def test_a_completed_visit_uses_a_credit_and_becomes_the_last_visit(ana):
    visit = make_visit(ana, NOON - HOUR)

    visits.complete(visit=visit, actor="staff:1", now=NOON)

    membership = Membership.objects.get(patient=ana)
    assert (membership.credits_remaining, membership.last_visit_at) == (0, visit.starts_at)
    assert CreditEntry.objects.get(kind="spend").visit == visit
    assert AuditEntry.objects.get(action="visit.completed").data["from"] == "booked"


def test_an_outcome_set_by_mistake_is_taken_back_with_its_credit_and_can_be_set_again(ana):
    visit = make_visit(ana, NOON - HOUR)
    visits.complete(visit=visit, actor="staff:1", now=NOON)

    visits.reopen(visit=visit, actor="staff:1", now=NOON)
    assert (left(ana), Membership.objects.get(patient=ana).last_visit_at) == (1, None)

    visits.complete(visit=visit, actor="staff:1", now=NOON)
    assert left(ana) == 0


def test_a_visit_without_a_credit_is_completed_all_the_same(ana):
    visit = make_visit(ana, NOON - HOUR, service=make_service("Laser", category="Skin"))

    visits.complete(visit=visit, actor="staff:1", now=NOON)

    assert left(ana) == 1


def test_a_no_show_is_a_signal_and_uses_no_credit(ana):
    visit = make_visit(ana, NOON - HOUR)

    visits.miss(visit=visit, actor="staff:1", now=NOON)

    missed = MissedVisit.objects.get()
    assert (missed.visit, missed.kind, missed.occurred_at, missed.nudged_at) == (visit, "no_show", NOON, None)
    assert left(ana) == 1


@pytest.mark.parametrize(("hours", "kinds"), [(23, ["late_cancel"]), (25, [])])
def test_a_cancellation_inside_the_notice_is_late(ana, hours, kinds):
    visit = make_visit(ana, NOON + hours * HOUR)

    visits.cancel(visit=visit, actor=f"patient:{ana.pk}", now=NOON)

    assert list(MissedVisit.objects.values_list("kind", flat=True)) == kinds


def test_what_the_practice_cancels_is_no_signal(ana):
    visits.cancel(visit=make_visit(ana, NOON + HOUR), actor="staff:1", now=NOON, by_patient=False)

    assert not MissedVisit.objects.exists()


def test_a_signal_set_by_mistake_is_withdrawn_and_nudged_at_most_once(ana):
    visit = make_visit(ana, NOON - HOUR)
    visits.miss(visit=visit, actor="staff:1", now=NOON)
    MissedVisit.objects.update(nudged_at=NOON)

    visits.reopen(visit=visit, actor="staff:1", now=NOON)
    assert MissedVisit.objects.get().withdrawn_at == NOON

    visits.miss(visit=visit, actor="staff:1", now=NOON + HOUR)
    assert (MissedVisit.objects.get().withdrawn_at, MissedVisit.objects.get().nudged_at) == (None, NOON)


@pytest.mark.parametrize("verb", [visits.complete, visits.miss])
def test_a_visit_that_has_not_begun_has_no_outcome_yet(ana, verb):
    with pytest.raises(Refused) as refused:
        verb(visit=make_visit(ana, NOON + HOUR), actor="staff:1", now=NOON)

    assert refused.value.code == "not_yet"


def test_two_colleagues_cannot_set_two_outcomes(ana):
    visit = make_visit(ana, NOON - HOUR)
    seen_by_the_other = Visit.objects.get(pk=visit.pk)
    visits.complete(visit=visit, actor="staff:1", now=NOON)

    with pytest.raises(Refused) as refused:
        visits.miss(visit=seen_by_the_other, actor="staff:2", now=NOON)

    assert refused.value.code == "bad_state"


def test_a_cancellation_cannot_be_taken_back_once_the_time_is_given_away(ana):
    visit = make_visit(ana, NOON + 48 * HOUR, provider=make_provider(make_location(), make_service()))
    visits.cancel(visit=visit, actor="staff:1", now=NOON)
    other = make_membership().patient
    make_visit(other, visit.starts_at, provider=visit.provider)

    with pytest.raises(Refused) as refused:
        visits.reopen(visit=visit, actor="staff:1", now=NOON)

    assert refused.value.code == "slot_taken"
    assert Visit.objects.get(pk=visit.pk).status == "cancelled"


ACTS = st.lists(st.sampled_from(["complete", "miss", "cancel", "reopen"]), max_size=8)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=ACTS)
def test_after_any_acts_columns_and_credits_say_what_the_rows_say(ana, acts):
    visit = make_visit(ana, NOON - HOUR)

    for act in acts:
        with suppress(Refused):
            getattr(visits, act)(visit=visit, actor="staff:1", now=NOON)

    visit.refresh_from_db()
    assert left(ana) == (0 if visit.status == "completed" else 1)
    assert standings.drifts(now=NOON) == []
    assert MissedVisit.objects.filter(visit=visit, withdrawn_at__isnull=True).exists() == (
        visit.status in ("no_show", "cancelled")
    )
    if visit.status == "completed":
        visits.reopen(visit=visit, actor="staff:1", now=NOON)
    Visit.objects.filter(pk=visit.pk).update(status="cancelled")
