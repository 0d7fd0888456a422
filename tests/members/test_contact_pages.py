"""Contact, household, payer; duplicates: what staff do about who is who."""

from datetime import date

import pytest
from django.urls import reverse

from common import clock
from members import consent, merging
from members.models import AuditEntry, Patient, PatientEmail, PatientPhone
from tests import factories
from tests.factories import NOON

pytestmark = pytest.mark.django_db
SECOND = "+15125550188"


@pytest.fixture(autouse=True)
def _tuesday_noon(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOON)


@pytest.fixture
def desk(client):
    client.force_login(factories.make_staff(role="manager"))
    return client


def act(desk, patient, what, **said) -> str:
    answer = desk.post(reverse("members:contact_act", args=[patient.pk, what]), said, follow=True)
    return answer.content.decode()


def numbers(patient) -> list[tuple[str, bool]]:
    return list(patient.phones.order_by("pk").values_list("number", "is_primary"))


def test_a_patient_has_several_numbers_and_one_that_is_texted(desk):
    patient = factories.make_patient(phone="+15125550101")

    act(desk, patient, "add-phone", number="(512) 555-0188")
    act(desk, patient, "text-to", number=SECOND)

    assert numbers(patient) == [("+15125550101", False), (SECOND, True)]
    assert Patient.objects.get().phone == SECOND


def test_the_next_number_takes_the_place_of_the_one_that_is_removed(desk):
    patient = factories.make_patient(phone="+15125550101")
    act(desk, patient, "add-phone", number=SECOND)

    act(desk, patient, "remove-phone", number="+15125550101")

    assert numbers(patient) == [(SECOND, True)]


@pytest.mark.parametrize("written", ["+44 20 7946 0958", "12345", "call me", ""])
def test_what_is_no_us_number_is_refused(desk, written):
    """R77."""
    patient = factories.make_patient()

    page = act(desk, patient, "add-phone", number=written)

    assert "phone number" in page
    assert patient.phones.count() == 1


def test_several_patients_may_share_a_number_and_the_page_says_so(desk):
    ana = factories.make_patient("Ana", phone=SECOND)
    factories.make_patient("Bea", phone=SECOND)

    page = desk.get(reverse("members:contact", args=[ana.pk])).content.decode()

    assert "Also the number of" in page
    assert "Bea Ortiz" in page


def test_a_wrong_number_is_stopped_and_taken_off(desk):
    """R15, by the front desk."""
    patient = factories.make_patient(phone=SECOND)

    act(desk, patient, "wrong-number", number=SECOND)

    assert consent.is_opted_out(SECOND, channel="sms")
    assert numbers(patient) == []


def test_a_second_address_takes_the_place_of_the_first(desk):
    patient = factories.make_patient(email="ana@patients.example")
    act(desk, patient, "add-email", address=" Ana@Work.example ")
    before = PatientEmail.objects.get().address

    act(desk, patient, "remove-email", address="ana@patients.example")

    assert before == "ana@work.example"
    assert Patient.objects.get().email == "ana@work.example"
    assert not PatientEmail.objects.exists()


def test_what_is_no_address_is_refused(desk):
    page = act(desk, factories.make_patient(), "add-email", address="ana at work")

    assert "Write it like" in page
    assert not PatientEmail.objects.exists()


def test_a_correction_moves_the_clock_and_is_on_record_without_its_words(desk):
    """R119."""
    patient = factories.make_patient()
    form = {
        "first_name": "Anita", "last_name": "Ortiz", "language": "es", "zip_code": "85251", "state": "AZ",
        "time_zone": "", "home_location": patient.home_location_id,
    }  # fmt: skip

    act(desk, patient, "correct", **form)

    patient = Patient.objects.get()
    assert (patient.first_name, patient.language, patient.zone) == ("Anita", "es", "America/Phoenix")
    trace = AuditEntry.objects.get(action="patient.corrected")
    assert trace.data == {"fields": ["first_name", "language", "state", "zip_code"]}


def test_a_bad_zip_code_is_explained_beside_its_field(desk):
    patient = factories.make_patient()

    page = act(desk, patient, "correct", first_name="Ana", last_name="O", language="en", zip_code="787")

    assert "Enter a valid value" in page
    assert Patient.objects.get().last_name == "Ortiz"


def test_a_mother_pays_for_her_daughter_and_lives_with_her(desk):
    mother = factories.make_patient("Marta")
    daughter = factories.make_patient("Dea", birth_date=date(2010, 1, 1))
    membership = factories.make_membership(daughter, consent=False)

    act(desk, daughter, "payer", who="Marta Ortiz")
    act(desk, daughter, "join", who="Marta")
    page = desk.get(reverse("members:contact", args=[mother.pk])).content.decode()

    membership.refresh_from_db()
    assert membership.billing_contact == mother
    assert "Pays for" in page
    assert "Ortiz household" in page


def test_a_minor_pays_for_nobody(desk):
    child = factories.make_patient("Dea", birth_date=date(2010, 1, 1))
    membership = factories.make_membership()

    page = act(desk, membership.patient, "payer", who="Dea")

    assert "Choose an adult" in page
    membership.refresh_from_db()
    assert membership.payer is None
    assert child.pays_for.count() == 0


@pytest.mark.parametrize(("who", "words"), [("Nobody", "Nobody matches"), ("Bea", "Several patients match")])
def test_a_name_must_mean_one_patient(desk, who, words):
    ana = factories.make_patient("Ana")
    factories.make_patient("Bea")
    factories.make_patient("Bea", "Lopez")

    page = act(desk, ana, "join", who=who)

    assert words in page
    assert Patient.objects.get(pk=ana.pk).household is None


def test_an_unknown_act_does_not_exist(desk):
    answer = desk.post(reverse("members:contact_act", args=[factories.make_patient().pk, "explode"]))

    assert answer.status_code == 404


def test_a_manager_compares_merges_and_undoes(desk):
    kept, gone = factories.make_patient(email="a@x.example"), factories.make_patient(email="b@x.example")
    listed = desk.get(reverse("members:duplicates")).content.decode()
    compared = desk.get(reverse("members:compare", args=[kept.pk, gone.pk])).content.decode()

    desk.post(reverse("members:merge", args=[kept.pk, gone.pk]))
    old_page = desk.get(reverse("members:detail", args=[gone.pk]))
    done = merging.undoable(now=NOON).get()
    desk.post(reverse("members:unmerge", args=[done.pk]))

    assert "Same name and birth date" in listed
    assert f"Merge #{gone.pk} into #{kept.pk}" in compared
    assert old_page.headers["Location"] == reverse("members:detail", args=[kept.pk])
    assert Patient.objects.get(pk=gone.pk).merged_into is None


def test_two_people_are_told_apart_for_good(desk):
    kept, gone = factories.make_patient(), factories.make_patient()

    page = desk.post(reverse("members:tell_apart", args=[kept.pk, gone.pk]), follow=True).content.decode()

    assert "No two patients look alike" in page


def test_a_merge_that_may_not_be_is_explained(desk):
    kept, gone = factories.make_patient(), factories.make_patient()
    factories.make_membership(kept)
    factories.make_membership(gone)

    page = desk.post(reverse("members:merge", args=[kept.pk, gone.pk]), follow=True).content.decode()

    assert "Both have a membership" in page
    assert PatientPhone.objects.filter(patient=gone).exists()
