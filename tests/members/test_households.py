"""Who lives with whom, and who pays."""

import pytest

from common.errors import Refused
from members import households
from members.models import AuditEntry, Household, Patient
from tests import factories
from tests.factories import NOON

pytestmark = pytest.mark.django_db


def live_together(*people: Patient) -> Household:
    for each in people[1:]:
        household = households.join(patient=each, other=people[0], actor="staff:1", now=NOON)
    return household


def test_the_first_two_people_found_a_household_and_a_third_joins_it():
    ana, bea, cleo = (factories.make_patient(name) for name in ("Ana", "Bea", "Cleo"))

    household = live_together(ana, bea, cleo)

    assert set(household.people.all()) == {ana, bea, cleo}
    assert household.name == "Ortiz household"
    assert AuditEntry.objects.filter(action="household.joined").count() == 3


def test_nobody_is_moved_between_households_in_silence():
    ana, bea, cleo, dora = (factories.make_patient(name) for name in ("Ana", "Bea", "Cleo", "Dora"))
    live_together(ana, bea)
    live_together(cleo, dora)

    with pytest.raises(Refused, match="another household"):
        households.join(patient=bea, other=cleo, actor="staff:1", now=NOON)

    assert set(Patient.objects.filter(household=live_together(cleo, dora))) == {cleo, dora}


def test_a_household_of_one_is_none():
    ana, bea = factories.make_patient("Ana"), factories.make_patient("Bea")
    live_together(ana, bea)

    households.leave(patient=ana, actor="staff:1", now=NOON)

    assert not Patient.objects.filter(household__isnull=False).exists()
    with pytest.raises(Refused, match="in no household"):
        households.leave(patient=bea, actor="staff:1", now=NOON)


def test_one_person_alone_is_no_household():
    ana = factories.make_patient()

    with pytest.raises(Refused, match="somebody else"):
        households.join(patient=ana, other=ana, actor="staff:1", now=NOON)


def test_the_payer_is_asked_for_money_and_else_the_member():
    mother, daughter = factories.make_patient("Marta"), factories.make_patient("Dea")
    paid_for = factories.make_membership(daughter, payer=mother)
    own = factories.make_membership(mother)

    assert paid_for.billing_contact == mother
    assert own.billing_contact == mother
