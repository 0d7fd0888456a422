"""A visit and the ledger agree, whatever became of the visit and however often it is told."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from members import credits, redemption
from members.models import Household, Membership, Visit
from tests import factories
from tests.factories import NOON
from tests.members.test_credits import rolled_back

pytestmark = pytest.mark.django_db


def member_with_credit(quantity: int = 1, *, ends_in: timedelta = timedelta(days=30), **fields) -> Membership:
    member = factories.make_membership(**fields)
    credits.grant(
        membership=member,
        benefit=member.plan_version.benefits.get(),
        service=factories.make_service(),
        quantity=quantity,
        key=f"grant:{member.pk}",
        expires_at=NOON + ends_in,
        actor="stripe",
        reason="Paid period",
        now=NOON - timedelta(days=10),
    )
    return member


def visit_of(patient, status: str = "completed", **fields) -> Visit:
    starts = fields.pop("starts_at", NOON - timedelta(hours=2))
    values = {"service": factories.make_service(), "location": patient.home_location, "status": status, **fields}
    return Visit.objects.create(patient=patient, starts_at=starts, ends_at=starts + timedelta(hours=1), **values)


def settle(visit: Visit, now=NOON):
    return redemption.settle(visit=visit, actor="system", now=now)


def test_a_completed_visit_uses_one_credit_however_often_it_is_told():
    member = member_with_credit(2)
    visit = visit_of(member.patient)

    written = [len(settle(visit)) for _ in range(3)]

    assert written == [1, 0, 0]
    assert credits.balance(member, at=NOON) == 1


@pytest.mark.parametrize("status", ["cancelled", "no_show", "booked"])
def test_a_visit_that_is_taken_back_gives_its_credit_back_once(status):
    member = member_with_credit()
    visit = visit_of(member.patient)
    settle(visit)

    Visit.objects.filter(pk=visit.pk).update(status=status)
    written = [len(settle(visit)) for _ in range(2)]

    assert written == [1, 0]
    assert credits.balance(member, at=NOON) == 1


def test_another_service_than_first_told_moves_the_use():
    member = member_with_credit()
    visit = visit_of(member.patient)
    settle(visit)

    Visit.objects.filter(pk=visit.pk).update(service=factories.make_service("Peel"))
    settle(visit)

    assert credits.balance(member, at=NOON) == 1
    assert redemption.in_force(visit) == []


def test_a_visit_that_no_plan_includes_uses_nothing():
    member = member_with_credit()

    assert settle(visit_of(member.patient, service=factories.make_service("Peel"))) == []


def test_a_visit_that_we_hear_of_late_uses_the_credit_that_it_had():
    member = member_with_credit(2, ends_in=timedelta(days=1))
    visit = visit_of(member.patient)
    later = NOON + timedelta(days=3)
    credits.expire_due(now=later)

    settle(visit, later)
    Visit.objects.filter(pk=visit.pk).update(status="no_show")
    settle(visit, later)
    credits.expire_due(now=later)

    assert credits.balance(member, at=later) == 0
    assert sum(member.credit_entries.values_list("quantity", flat=True)) == 0


def test_a_credit_granted_after_the_visit_is_not_used_for_it():
    member = member_with_credit()

    assert settle(visit_of(member.patient, starts_at=NOON - timedelta(days=20))) == []


def test_a_visit_while_benefits_rest_uses_nothing():
    member = member_with_credit(status="paused")

    assert settle(visit_of(member.patient)) == []


def test_somebody_of_the_household_uses_a_shareable_credit_when_they_have_none():
    home = Household.objects.create(name="Ortiz", formed_at=NOON)
    version = factories.make_version(factories.make_plan("Family"))
    factories.make_benefit(version, factories.make_service(), shareable=True)
    holder = member_with_credit(patient=factories.make_patient(household=home), version=version)
    child = factories.make_patient("Ida", household=home)

    [use] = settle(visit_of(child))

    assert (use.membership, use.used_by) == (holder, child)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told=st.lists(st.tuples(st.sampled_from(Visit.Status.values), st.integers(0, 1)), max_size=12))
def test_the_ledger_follows_any_history_of_two_visits(told):
    with rolled_back():
        member = member_with_credit()
        visits = [visit_of(member.patient, "booked", starts_at=NOON - timedelta(hours=5 - 2 * n)) for n in range(2)]
        for status, which in told:
            Visit.objects.filter(pk=visits[which].pk).update(status=status)
            settle(visits[which])

            used = sum(len(redemption.in_force(visit)) for visit in visits)
            completed = Visit.objects.filter(status="completed").count()
            assert used <= min(1, completed)
            assert credits.balance(member, at=NOON) == 1 - used
