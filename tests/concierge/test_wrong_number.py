"""Somebody else has the number now (R15)."""

import pytest

from concierge.models import Conversation
from members import consent
from members.models import AuditEntry, Escalation, PatientPhone
from outreach.models import Message
from tests import factories
from tests.concierge.conftest import said, text

pytestmark = pytest.mark.django_db
SECOND = "+15125550188"


@pytest.mark.parametrize("body", ["Wrong number", "you have the wrong person", "Número equivocado"])
def test_a_wrong_number_is_taken_off_the_patient_and_nothing_more_goes_there(body):
    patient = factories.make_membership().patient
    number = patient.phone

    turn = text(number, body)

    assert consent.is_opted_out(number, channel="sms")
    assert not PatientPhone.objects.filter(number=number).exists()
    assert Conversation.objects.get(phone=number).patient is None
    assert Message.objects.get(pk=turn.reply_id).patient is None
    assert "off" in said(turn) or "ya no enviaremos" in said(turn)
    assert AuditEntry.objects.get(action="patient.number_unlinked").patient == patient


def test_a_person_is_asked_to_find_the_new_number():
    patient = factories.make_membership().patient

    text(patient.phone, "wrong number")

    case = Escalation.objects.get(reason="question")
    assert (case.patient, "ask for the new one" in case.summary) == (patient, True)


def test_texts_go_to_the_other_number_if_there_is_one():
    patient = factories.make_membership().patient
    PatientPhone.objects.create(patient=patient, number=SECOND, is_primary=False)

    text(patient.phone, "wrong number")

    patient.refresh_from_db()
    assert [(phone.number, phone.is_primary) for phone in patient.phones.all()] == [(SECOND, True)]


def test_everybody_who_had_the_number_loses_it():
    number = factories.make_membership().patient.phone
    factories.make_patient("Bea", phone=number)

    text(number, "wrong number")

    assert not PatientPhone.objects.filter(number=number).exists()
    assert AuditEntry.objects.filter(action="patient.number_unlinked").count() == 2
