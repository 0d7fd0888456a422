"""Two rows that are one person: found, joined, taken apart again."""

from datetime import date, timedelta

import pytest
from django.db.models import F

from common.errors import Refused
from members import consent, escalations, holds, households, merging
from members.models import AuditEntry, Membership, Patient, PatientPhone, Visit
from outreach.models import Message
from tests import factories
from tests.factories import NOON

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def dana():
    return factories.make_staff()


def twins(**other) -> tuple[Patient, Patient]:
    """The same Ana twice, the second with another number."""
    first = factories.make_patient(email="ana@patients.example")
    return first, factories.make_patient(**{"email": "ana.o@work.example", **other})


def visit(patient, *, at=NOON - DAY, status="completed") -> Visit:
    return Visit.objects.create(
        patient=patient, service=factories.make_service(), location=patient.home_location, starts_at=at,
        ends_at=at + timedelta(hours=1), status=status,
    )  # fmt: skip


def text(patient) -> Message:
    return Message.objects.create(
        direction="in", kind="inbound", status="received", patient=patient, address=patient.phone, body="Hi",
        created_at=NOON,
    )  # fmt: skip


def merge(kept, gone, dana, *, now=NOON):
    return merging.merge(kept=kept, gone=gone, by=dana, now=now)


@pytest.mark.parametrize(
    ("fields", "phone", "why"),
    [
        ({"email": ""}, None, "same name and birth date"),
        ({"birth_date": None, "email": ""}, "+15125550150", "same name and number"),
        ({"birth_date": None, "email": "ANA@patients.example"}, None, "same name and e-mail"),
        ({"first_name": "Anna", "email": ""}, "+15125550150", "same number and birth date"),
        ({"first_name": "Anna", "email": "ana@patients.example"}, None, "same e-mail and birth date"),
    ],
)
def test_two_rows_that_share_two_things_may_be_one_person(fields, phone, why):
    first = factories.make_patient(phone="+15125550150")
    second = factories.make_patient(fields.pop("first_name", "ANA"), phone=phone, **fields)

    found = merging.candidates()

    assert [(pair.first, pair.second, pair.why) for pair in found] == [(first, second, why)]


def test_a_family_on_one_number_is_not_taken_for_one_person():
    factories.make_patient("Ana", phone="+15125550150", email="home@x.example")
    factories.make_patient("Bea", phone="+15125550150", email="home@x.example", birth_date=date(2012, 5, 1))
    factories.make_patient("Ana", "Lopez", phone="+15125550150", email="", birth_date=None)

    assert merging.candidates() == []


def test_a_pair_that_was_told_apart_is_not_named_again():
    first, second = twins()

    merging.tell_apart(first=second, second=first, actor="staff:1", now=NOON)
    merging.tell_apart(first=first, second=second, actor="staff:1", now=NOON)

    assert merging.candidates() == []
    assert AuditEntry.objects.filter(action="patient.told_apart").count() == 1


def test_everything_moves_on_every_floor_and_nothing_is_copied(dana):
    kept, gone = twins()
    factories.make_membership(gone)
    visit(gone, at=NOON + DAY, status="booked")
    text(gone)
    escalations.open(reason="human", summary="Asked for a person.", patient=gone, now=NOON)
    holds.place(kind="clinical", phone=gone.phone, patient=gone, now=NOON)
    number = gone.phone

    shown = {moving.what: moving.rows for moving in merging.preview(kept=kept, gone=gone)}
    merge(kept, gone, dana)

    assert shown == {"memberships": 1, "visits": 1, "messages": 1, "escalations": 1, "holds": 1}
    for rows in (kept.memberships, kept.visits, kept.messages, kept.escalations, kept.holds):
        assert rows.count() == 1
    assert set(kept.addresses()) == {kept.phone, number, "ana@patients.example", "ana.o@work.example"}
    assert Membership.objects.get().next_appointment_at == NOON + DAY
    assert AuditEntry.objects.filter(action="patient.merged").count() == 2


def test_what_either_row_agreed_to_counts_for_the_one_person(dana):
    kept, gone = twins()
    factories.agree(gone, "marketing")
    number = gone.phone

    merge(kept, gone, dana)

    assert consent.allows(patient=kept, address=number, channel="sms", purpose="marketing")
    assert consent.agreements(channel="sms", purpose="marketing") == {(kept.pk, number)}
    assert [said.address for said in consent.history(kept)] == [number]


def test_of_two_answers_the_stricter_one_holds(dana):
    """R38: opt-outs survive a merge."""
    number = "+15125550150"
    kept = factories.make_patient(phone=number)
    gone = factories.make_patient(phone=number)
    factories.agree(kept)
    consent.withdraw(
        address=number, channel="sms", purpose="marketing", wording="No offers", source="phone call",
        patient=gone, now=NOON,
    )  # fmt: skip
    other = factories.make_patient(phone="+15125550151")
    factories.agree(other)
    consent.opt_out(address=other.phone, channel="sms", wording="STOP", source="text", now=NOON)

    merge(kept, gone, dana)
    merge(kept, other, dana)

    assert consent.allows(patient=kept, address=number, channel="sms", purpose="servicing")
    assert not consent.allows(patient=kept, address=number, channel="sms", purpose="marketing")
    assert not consent.allows(patient=kept, address="+15125550151", channel="sms", purpose="servicing")


def test_an_undo_puts_everything_back_but_what_came_since(dana):
    kept, gone = twins()
    before = (gone.phone, kept.phone)
    factories.make_membership(gone)
    old, message = visit(gone), text(gone)
    done = merge(kept, gone, dana)
    new = visit(kept, at=NOON)

    merging.undo(done=done, by=dana, now=NOON + 29 * DAY)

    kept, gone = Patient.objects.get(pk=kept.pk), Patient.objects.get(pk=gone.pk)
    assert gone.merged_into is None
    assert (gone.phone, kept.phone) == before
    assert list(gone.visits.all()) == [old]
    assert list(kept.visits.all()) == [new]
    assert list(gone.messages.all()) == [message]
    assert kept.addresses() == [kept.phone, "ana@patients.example"]
    assert gone.memberships.count() == 1
    assert AuditEntry.objects.filter(action="patient.unmerged").count() == 2


def test_a_household_moves_and_comes_back(dana):
    kept, gone = twins()
    bea = factories.make_patient("Bea")
    household = households.join(patient=gone, other=bea, actor="staff:1", now=NOON)

    done = merge(kept, gone, dana)
    together = set(household.people.all())
    merging.undo(done=done, by=dana, now=NOON)

    assert together == {kept, bea}
    assert set(household.people.all()) == {gone, bea}


def test_a_merge_of_a_merged_row_carries_both_along(dana):
    first, second = twins()
    third = factories.make_patient()
    factories.agree(third, "servicing")
    number = third.phone

    inner = merge(second, third, dana)
    outer = merge(first, second, dana)

    assert consent.allows(patient=first, address=number, channel="sms", purpose="servicing")
    with pytest.raises(Refused, match="later merge first"):
        merging.undo(done=inner, by=dana, now=NOON)
    merging.undo(done=outer, by=dana, now=NOON)
    assert consent.allows(patient=second, address=number, channel="sms", purpose="servicing")
    merging.undo(done=inner, by=dana, now=NOON)
    assert not Patient.objects.filter(merged_into__isnull=False).exists()


def test_a_merge_can_be_undone_for_30_days_and_once(dana):
    kept, gone = twins()
    done = merge(kept, gone, dana)

    with pytest.raises(Refused, match="30 days"):
        merging.undo(done=done, by=dana, now=NOON + 30 * DAY)
    merging.undo(done=done, by=dana, now=NOON + 30 * DAY - timedelta(seconds=1))
    with pytest.raises(Refused, match="undone already"):
        merging.undo(done=done, by=dana, now=NOON)

    merge(kept, gone, dana)  # and then merged again
    assert merging.undoable(now=NOON).count() == 1


@pytest.mark.parametrize("case", ["same", "merged", "memberships"])
def test_what_cannot_be_merged_is_refused_and_nothing_moves(dana, case):
    kept, gone = twins()
    if case == "same":
        gone = kept
    elif case == "merged":
        merge(factories.make_patient("Cleo"), gone, dana)
    else:
        factories.make_membership(kept)
        factories.make_membership(gone, status="paused")
    numbers = set(PatientPhone.objects.values_list("pk", "patient"))

    with pytest.raises(Refused) as refusal:
        merge(kept, gone, dana)

    assert refusal.value.code == case
    assert set(PatientPhone.objects.values_list("pk", "patient")) == numbers


def test_every_key_to_a_patient_is_either_moved_or_known_to_stay():
    """A table that is added later must not be forgotten: it moves unless it is named here."""
    moved = {f"{model.__name__}.{field}" for model, field in merging._links()}
    every = {
        f"{relation.related_model.__name__}.{relation.field.name}"
        for relation in Patient._meta.get_fields(include_hidden=True)
        if relation.auto_created and relation.one_to_many
    }

    assert every - moved == {
        "AuditEntry.patient", "ConsentEntry.patient", "StaffNote.patient",  # append-only, read through merged_into
        "CreditEntry.used_by",  # the ledger is append-only
        "NotDuplicate.first", "NotDuplicate.second", "PatientMerge.kept", "PatientMerge.gone",
        "PatientPhone.patient", "PatientEmail.patient",  # moved one by one
    }  # fmt: skip


def test_nobody_has_two_primary_numbers_after_any_merge(dana):
    kept, gone = factories.make_patient(phone=""), factories.make_patient()

    done = merge(kept, gone, dana)
    after = list(PatientPhone.objects.values_list("patient", "is_primary"))
    merging.undo(done=done, by=dana, now=NOON)

    assert after == [(kept.pk, True)]
    assert list(PatientPhone.objects.filter(is_primary=True, patient=F("patient")).values_list("patient")) == [
        (gone.pk,)
    ]


def test_a_birth_date_goes_along_so_that_a_minor_stays_one(dana):
    """R170."""
    kept, gone = factories.make_patient(birth_date=None), factories.make_patient(birth_date=date(2012, 5, 1))

    done = merge(kept, gone, dana)
    joined = Patient.objects.get(pk=kept.pk).is_minor(NOON)
    merging.undo(done=done, by=dana, now=NOON)

    assert joined
    assert Patient.objects.get(pk=kept.pk).birth_date is None
