"""The stand-in carrier behaves as Twilio does towards us."""

from datetime import timedelta
from uuid import UUID

import pytest

from outreach.models import HandsetText
from outreach.transports import TransportError, phonebook
from outreach.transports.phonebook import Phonebook
from tests import factories
from tests.doubles import twilio_doors
from tests.factories import NOON

pytestmark = pytest.mark.django_db

HANDSET = "+15125550142"
UUID_ = UUID("6f9619ff-8b86-4d01-b42d-00cf4fc964ff")


@pytest.fixture(autouse=True)
def doors(settings):
    settings.ROOT_URLCONF = "tests.doubles.twilio_doors"
    twilio_doors.received.clear()
    return twilio_doors.received


def send(body: str = "Hello from Glow Theory"):
    return Phonebook().send(to=HANDSET, body=body, message_uuid=UUID_, valid_seconds=None)


def test_a_text_lands_on_the_handset_under_a_twilio_sid():
    receipt = send()

    text = HandsetText.objects.get()
    assert (text.handset, text.body, text.from_handset) == (HANDSET, "Hello from Glow Theory", False)
    assert receipt.sid == text.sid
    assert len(receipt.sid) == 34
    assert receipt.status == "queued"


def test_signed_delivery_callbacks_follow_in_order(drain, doors):
    receipt = send()
    assert doors == []

    drain()

    path = f"/webhooks/twilio/status/{UUID_}/"
    assert [(where, form["MessageStatus"], form["MessageSid"]) for where, form in doors] == [
        (path, "sent", receipt.sid),
        (path, "delivered", receipt.sid),
    ]
    assert HandsetText.objects.get().status == "delivered"


def test_what_the_patient_types_comes_signed_to_our_inbound_door(doors, settings):
    typed = phonebook.type_text(HANDSET, "Do I still have my facial credit? ✨", NOON)

    [(path, form)] = doors
    assert path == "/webhooks/twilio/sms/"
    assert form["From"] == HANDSET
    assert form["To"] == settings.TWILIO_FROM_NUMBER
    assert form["Body"] == "Do I still have my facial credit? ✨"
    assert (form["MessageSid"], form["NumMedia"]) == (typed.text.sid, "0")
    assert "OptOutType" not in form
    assert typed.webhook_status == 200
    assert typed.text.status == "delivered"
    assert typed.auto_reply is None


@pytest.mark.parametrize(
    "word", ["STOP", "stop", " Cancel ", "UNSUBSCRIBE", "end", "QUIT", "StopAll", "REVOKE", "optout"]
)
def test_the_carrier_answers_each_stop_word_itself_and_says_so(doors, word):
    """R60 to R62: OptOutType tells us that the patient already got the one confirmation."""
    factories.make_practice()

    typed = phonebook.type_text(HANDSET, word, NOON)

    assert doors[0][1]["OptOutType"] == "STOP"
    assert "texts to this number are now off" in typed.auto_reply.body
    assert "does not cancel a membership" in typed.auto_reply.body
    assert HandsetText.objects.filter(handset=HANDSET, from_handset=False).count() == 1


def test_a_handset_that_texted_stop_is_blocked_with_21610():
    phonebook.type_text(HANDSET, "STOP", NOON)

    with pytest.raises(TransportError) as error:
        send()

    assert (error.value.code, error.value.permanent, error.value.accepted) == ("21610", True, False)
    assert not HandsetText.objects.filter(body="Hello from Glow Theory").exists()


@pytest.mark.parametrize("word", ["START", "unstop", "Yes"])
def test_start_lifts_the_block(doors, word):
    phonebook.type_text(HANDSET, "STOP", NOON)

    typed = phonebook.type_text(HANDSET, word, NOON + timedelta(minutes=1))

    assert doors[-1][1]["OptOutType"] == "START"
    assert "on again" in typed.auto_reply.body
    assert send().sid


def test_a_stop_of_another_handset_blocks_nobody_else():
    phonebook.type_text("+15125550143", "STOP", NOON)

    assert send().sid


def test_yes_of_a_subscribed_handset_is_an_ordinary_text(doors):
    """R63: YES may answer an offer of ours."""
    typed = phonebook.type_text(HANDSET, "YES", NOON)

    assert typed.auto_reply is None
    assert "OptOutType" not in doors[0][1]


def test_help_is_answered_by_the_carrier_and_blocks_nothing(doors):
    """R51."""
    factories.make_practice()

    typed = phonebook.type_text(HANDSET, "help", NOON)

    assert doors[0][1]["OptOutType"] == "HELP"
    assert "Glow Theory" in typed.auto_reply.body
    assert "(512) 555-0100" in typed.auto_reply.body
    assert send().sid


def test_a_phrase_with_stop_in_it_is_left_to_us(doors):
    """R60: the carrier matches single words only."""
    phonebook.type_text(HANDSET, "stop please", NOON)

    assert "OptOutType" not in doors[0][1]
    assert send().sid


def test_a_door_that_refuses_is_shown_on_the_handset(settings):
    settings.ROOT_URLCONF = "tests.doubles.no_doors"

    typed = phonebook.type_text(HANDSET, "Hello?", NOON)

    assert (typed.webhook_status, typed.text.status) == (404, "failed")


def test_a_lost_answer_is_found_again_by_its_words():
    """R73."""
    receipt = send()
    since = HandsetText.objects.get().created_at - timedelta(seconds=1)

    found = Phonebook().find(to=HANDSET, body="Hello from Glow Theory", since=since)

    assert found.sid == receipt.sid
    assert Phonebook().find(to=HANDSET, body="Other words", since=since) is None
    assert Phonebook().find(to="+15125550143", body="Hello from Glow Theory", since=since) is None
    assert Phonebook().find(to=HANDSET, body="Hello from Glow Theory", since=since + timedelta(minutes=1)) is None


def test_what_the_patient_typed_is_never_taken_for_a_text_of_ours():
    phonebook.type_text(HANDSET, "Hello from Glow Theory", NOON)

    assert Phonebook().find(to=HANDSET, body="Hello from Glow Theory", since=NOON - timedelta(days=1)) is None
