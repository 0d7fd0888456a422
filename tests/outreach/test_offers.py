"""A reply means what the last text offered, while it is open, and once."""

from datetime import timedelta

import pytest

from outreach import offers, outbox
from outreach.models import Message, Offer
from tests import factories
from tests.factories import NOON

pytestmark = pytest.mark.django_db


@pytest.fixture
def patient():
    return factories.make_membership().patient


def offered(patient, *acts: str, key: str = "one", now=NOON) -> Offer:
    message = outbox.post(kind="servicing", body="Hello", dedupe_key=key, patient=patient, now=now)
    return offers.bind_replies(message, acts, now=now)


@pytest.mark.parametrize(
    ("body", "act"),
    [("1", "update_card"), (" 2. ", "pause"), ("Pausa!", "pause"), ("3", None), ("yes", None), ("12", None)],
)
def test_a_reply_is_read_against_what_was_offered(patient, body, act):
    """R63: a bare yes is no answer to an offer."""
    offered(patient, "update_card", "pause")

    found = offers.match(phone=patient.phone, body=body, now=NOON)

    assert (found.act if found else None) == act


def test_a_late_two_is_expired_and_cannot_be_taken(patient):
    """R90: what touches a charge is open for 48 hours."""
    offered(patient, "update_card", "pause")
    late = NOON + timedelta(hours=48)

    found = offers.match(phone=patient.phone, body="2", now=late)

    assert found.state == "expired"
    assert not offers.take(found, now=late)
    assert Offer.objects.get().taken_at is None


def test_an_offer_is_taken_once(patient):
    offered(patient, "restart")
    found = offers.match(phone=patient.phone, body="RESTART", now=NOON)

    assert [offers.take(found, now=NOON) for _ in range(2)] == [True, False]
    assert offers.match(phone=patient.phone, body="restart", now=NOON).state == "taken"


def test_a_two_answers_the_last_offer_and_not_the_one_before(patient):
    offered(patient, "update_card", "pause")
    later = NOON + timedelta(hours=1)
    offered(patient, "this_week", "next_week", key="two", now=later)

    found = offers.match(phone=patient.phone, body="2", now=later)

    assert found.act == "next_week"


def test_another_phone_offers_nothing(patient):
    offered(patient, "pause")

    assert offers.match(phone="+15125559999", body="2", now=NOON) is None


def test_an_offer_begins_when_its_text_went_out(patient, carrier):
    offer = offered(patient, "restart")
    later = NOON + timedelta(hours=3)
    Message.objects.update(due_at=later)

    outbox.send_due(now=later)

    offer.refresh_from_db()
    assert (offer.made_at >= later, offer.expires_at - offer.made_at) == (True, timedelta(hours=48))
