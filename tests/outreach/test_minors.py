"""Minors are never messaged, through whatever door (R170)."""

from datetime import date, timedelta

import pytest

from common.errors import Refused
from concierge import handoff
from concierge.models import Turn
from members import consent
from members.models import Patient
from outreach import inbound, outbox
from outreach.models import Message
from tests import factories
from tests.concierge.conftest import receive, text
from tests.factories import NOON

pytestmark = pytest.mark.django_db
# Eighteen tomorrow.
BORN = date(2008, 6, 17)
DAY = timedelta(days=1)
# Somebody who writes that she cannot breathe is told to call 911, whatever her age (settled.md 13).
KINDS = [kind for kind in Message.Kind if kind not in (Message.Kind.INBOUND, Message.Kind.EMERGENCY)]


@pytest.fixture
def child() -> Patient:
    patient = factories.make_patient(birth_date=BORN)
    factories.make_membership(patient, credits_remaining=2)
    return patient


def out(patient) -> list[Message]:
    stopped = (Message.Status.HELD, Message.Status.DROPPED)
    return list(Message.objects.filter(direction="out", address=patient.phone).exclude(status__in=stopped))


@pytest.mark.parametrize("kind", KINDS)
def test_the_outbox_lets_no_kind_of_text_through(child, kind):
    message = outbox.post(kind=kind, body="Hello", dedupe_key=f"test:{kind}", patient=child, now=NOON)

    assert message.status in (Message.Status.HELD, Message.Status.DROPPED)
    assert "under 18" in message.reason


def test_on_the_birthday_texts_may_begin(child):
    message = outbox.post(kind="servicing", body="Hello", dedupe_key="test", patient=child, now=NOON + DAY)

    assert message.status == Message.Status.QUEUED


@pytest.mark.parametrize("body", ["Do I still have a credit?", "HELP", "STOP", "2", "leave me alone"])
def test_what_they_write_is_read_and_not_answered(child, body):
    text(child.phone, body)

    assert out(child) == []
    assert Message.objects.filter(direction="in", patient=child).count() == 1


def test_their_stop_counts(child):
    receive(child.phone, "STOP")

    assert consent.is_opted_out(child.phone, channel="sms")


def test_staff_are_told_to_call_instead(child):
    with pytest.raises(Refused, match="under 18"):
        handoff.reply(phone=child.phone, body="See you at 3.", by=factories.make_staff(), now=NOON)

    assert out(child) == []


def test_an_emergency_is_answered_whatever_the_age(child):
    text(child.phone, "I can't breathe")

    assert [message.kind for message in out(child)] == [Message.Kind.EMERGENCY]


def test_who_shares_the_number_of_a_parent_is_not_taken_for_the_child(child):
    mother = factories.make_patient("Marta", phone=child.phone)

    assert inbound.patient_of(mother.phone) is None
    assert not Turn.objects.exists()
