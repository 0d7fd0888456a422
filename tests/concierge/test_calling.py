"""The automated call, played on the demo's handset through the signed doors (R41-R46, R81-R84)."""

from datetime import timedelta
from xml.etree import ElementTree

import pytest

from common import clock
from concierge import calling
from concierge.call_words import WORDS, Wish, chosen
from members import consent
from members.models import BusinessHours, Escalation, Hold, Patient
from outreach import offers, outbox, playbooks
from outreach.models import Call, Enrolment, HandsetCall, Message, Sequence
from outreach.transports import phonebook_voice as telephone
from outreach.transports import spoken_answers
from tests import factories
from tests.conftest import run_queued_tasks
from tests.doubles.owing import owing_member
from tests.factories import NOON

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _noon(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOON)


def open_desk(location, **fields):
    for weekday in range(7):
        BusinessHours.objects.update_or_create(
            location=location, weekday=weekday, defaults={"opens": "09:00", "closes": "18:00"}
        )
    type(location).objects.filter(pk=location.pk).update(**fields)


def ring(*, agreed=True, **fields):
    """Our call to a member who owes a payment; returns the handset's side."""
    membership, invoice = owing_member(**fields)
    if agreed:
        factories.agree(membership.patient, "automated_voice", channel="voice")
    enrolment = in_recovery(membership, invoice)
    message = outbox.post(
        kind="servicing",
        channel="voice",
        body="Call Ana Ortiz about the membership payment of $199.00.",
        dedupe_key="call",
        patient=membership.patient,
        location=membership.location,
        enrolment=enrolment,
        now=NOON,
    )
    run_queued_tasks()
    message.refresh_from_db()
    return message, HandsetCall.objects.first()


def in_recovery(membership, invoice):
    playbooks.install()
    sequence = Sequence.objects.get(slug="payment_recovery")
    return Enrolment.objects.create(
        sequence=sequence,
        version=sequence.live,
        membership=membership,
        cause=f"invoice:{invoice.stripe_id}",
        started_at=NOON - timedelta(days=5),
        next_step=3,
        next_at=NOON + timedelta(days=2),
    )


def last_words(call):
    call.refresh_from_db()
    return [words for who, words in call.lines if who == "us"][-1]


def texts():
    return list(Message.objects.filter(channel="sms", direction="out"))


def test_no_call_rings_without_consent_to_an_artificial_voice():
    """R41."""
    message, call = ring(agreed=False)

    assert call is None
    assert message.status == "held"
    assert "no consent" in message.reason.lower()


def test_the_first_sentence_says_who_calls_and_that_it_is_automated_and_names_no_plan():
    """R42, R45; whoever picks up hears no plan, no payment."""
    message, call = ring()

    telephone.answer(call)

    first = call.lines[0][1]
    assert first.startswith("Hello, this is an automated call from Glow Theory")
    assert "Am I speaking with Ana?" in first
    assert not {"payment", "plan", "membership", "Glow member"} & set(first.lower().split())
    message.refresh_from_db()
    assert message.status == "sent"


@pytest.mark.parametrize("yes", ["1", "yes", "Yes, it is."])
@pytest.mark.parametrize("link", ["1", "link"])
def test_the_member_gets_the_card_link_by_text(yes, link):
    message, call = ring()
    telephone.answer(call)
    press_or_say(call, yes)
    assert "did not go through" in last_words(call)

    press_or_say(call, link)

    [text] = texts()
    assert "{link}" in text.body
    assert text.link.invoice.membership_id == message.enrolment.membership_id
    assert (call.status, Call.objects.get().ended_because) == ("completed", "link texted")
    message.refresh_from_db()
    assert message.status == "delivered"
    assert not Escalation.objects.exists()


def press_or_say(call, what):
    if what.isdigit():
        telephone.say(call, digits=what)
    else:
        telephone.say(call, words=what)


def test_a_pause_is_asked_about_by_text_and_nothing_is_paused():
    message, call = ring()
    telephone.answer(call)
    telephone.say(call, digits="1")

    telephone.say(call, words="pause")

    [text] = texts()
    assert "reply PAUSE" in text.body
    assert offers.match(phone=text.address, body="Pause", now=NOON).act == "pause"
    message.enrolment.membership.refresh_from_db()
    assert message.enrolment.membership.status != "paused"


def test_somebody_else_hears_only_the_name_and_the_number():
    _, call = ring()
    telephone.answer(call)

    telephone.say(call, digits="2")

    assert "payment" not in " ".join(words for _, words in call.lines)
    assert "Please tell them that" in last_words(call)
    assert Escalation.objects.get().reason == "payment_call"


def test_a_person_is_put_through_while_the_desk_is_open():
    message, call = ring()
    open_desk(message.location, transfer_number="+15125550188")
    telephone.answer(call)

    telephone.say(call, digits="0")

    assert (call.next_act, call.dials) == ("dial", "+15125550188")
    telephone.put_through(call, status="completed")
    assert Call.objects.get().ended_because == "put through"
    assert not Escalation.objects.exists()


@pytest.mark.parametrize("status", ["busy", "no-answer", "failed", "canceled"])
def test_whom_the_desk_did_not_take_is_called_back(status):
    """R83: a lost transfer loses a patient."""
    message, call = ring()
    open_desk(message.location)
    telephone.answer(call)
    telephone.say(call, words="person")

    telephone.put_through(call, status=status)

    assert "Nobody could pick up just now" in last_words(call)
    case = Escalation.objects.get()
    assert (case.reason, case.phone) == ("human", call.handset)
    assert status in case.summary


def test_a_closed_desk_calls_back_when_it_opens():
    message, call = ring()
    message.location.business_hours.all().delete()
    telephone.answer(call)

    telephone.say(call, digits="0")

    assert "We are closed right now" in last_words(call)
    assert Escalation.objects.get().reason == "human"


@pytest.mark.parametrize(("digits", "words"), [("9", ""), ("", "stop calling me"), ("", "Please stop calling")])
def test_no_more_calls_is_recorded_and_the_line_let_go(digits, words):
    """R43: no transfer, no survey; by phone texts end too (R30)."""
    _, call = ring()
    telephone.answer(call)

    telephone.say(call, digits=digits, words=words)

    assert call.status == "completed"
    assert consent.is_opted_out(call.handset, channel="voice")
    assert consent.is_opted_out(call.handset, channel="sms")


@pytest.mark.parametrize("stage", ["greeting", "menu"])
def test_an_emergency_is_heard_at_every_point(stage):
    """R84."""
    _, call = ring()
    telephone.answer(call)
    if stage == "menu":
        telephone.say(call, digits="1")

    telephone.say(call, words="I can't breathe, my face is swelling")

    assert "911" in last_words(call)
    assert Escalation.objects.get().severity == Escalation.Severity.EMERGENCY
    assert set(Hold.objects.values_list("kind", flat=True)) == {"clinical", "person"}


def test_the_third_silence_ends_our_call_with_a_task():
    """R82."""
    _, call = ring()
    telephone.answer(call)

    for _ in range(3):
        assert call.status == "in-progress"
        telephone.say(call)

    assert Call.objects.get().ended_because == "silence"
    assert Escalation.objects.get().reason == "payment_call"


def test_an_answering_machine_hears_the_name_and_the_number_only():
    """R44, R46."""
    _, call = ring()

    telephone.answer(call, by="machine_end_beep")

    [words] = [words for _, words in call.lines]
    assert words.startswith("Hello, this is an automated message from")
    assert not {"payment", "membership", "plan", "card", "Ana"} & set(words.split())
    assert Call.objects.get().ended_because == "voicemail"


@pytest.mark.parametrize("by", ["human", "unknown", ""])
def test_what_may_be_a_human_is_spoken_to(by):
    """R81."""
    _, call = ring()

    telephone.answer(call, by=by)

    assert call.next_act == "gather"


def test_a_call_that_nobody_takes_becomes_a_persons_task():
    message, call = ring()

    telephone.let_ring(call)

    message.refresh_from_db()
    assert (message.status, message.reason) == ("undelivered", "Nobody picked up.")
    case = Escalation.objects.get()
    assert case.reason == "payment_call"
    assert case.summary.startswith("Call Ana Ortiz")


def test_hanging_up_before_a_choice_becomes_a_persons_task():
    _, call = ring()
    telephone.answer(call)

    telephone.hang_up(call)

    assert Call.objects.get().ended_because == "hung up"
    assert "before choosing" in Escalation.objects.get().summary


def test_other_words_wait_for_a_worker_and_are_then_followed():
    """settled.md 4: the door loads no model; it asks again each second."""
    message, call = ring()
    open_desk(message.location)
    telephone.answer(call)
    telephone.say(call, digits="1")

    telephone.say(call, words="I want to talk to a human please")
    assert call.next_act == "redirect"
    telephone.go_on(call)
    assert call.next_act == "redirect"
    run_queued_tasks()
    telephone.go_on(call)

    assert call.next_act == "dial"


def test_words_that_nobody_reads_in_time_bring_a_person():
    message, call = ring()
    open_desk(message.location)
    telephone.answer(call)
    telephone.say(call, digits="1")
    telephone.say(call, words="hmm let me think about all that")

    for _ in range(calling.MOST_WAITS):
        telephone.go_on(call)

    assert call.next_act == "dial"


@pytest.mark.parametrize(
    "number", ["4111 1111 1111 1111", "four one one one, one one one one, one one one one, one one one one"]
)
def test_a_card_number_that_is_spoken_is_refused_and_not_kept_and_the_link_is_texted(number):
    """R123, R128."""
    _, call = ring()
    telephone.answer(call)
    telephone.say(call, digits="1")

    telephone.say(call, words=f"my card is {number}")

    assert Call.objects.get().heard == "my card is [card ••••1111]"
    assert last_words(call).startswith("Please do not tell me a card number; I have not kept it.")
    [text] = texts()
    assert "{link}" in text.body


def test_a_card_number_from_whom_we_do_not_know_yet_brings_the_question_again_and_no_link():
    """R109, R128."""
    _, call = ring()
    telephone.answer(call)

    telephone.say(call, words="my card is 4111 1111 1111 1111")

    assert "I have not kept it" in last_words(call)
    assert "Am I speaking with Ana?" in last_words(call)
    assert texts() == []


def test_who_opted_out_of_texts_gets_no_link_but_a_person():
    message, call = ring()
    telephone.answer(call)
    telephone.say(call, digits="1")
    consent.opt_out(address=call.handset, channel="sms", wording="STOP", source="text", now=NOON)

    telephone.say(call, digits="1")

    assert "cannot text this number" in last_words(call)
    assert Escalation.objects.filter(reason="payment_call").exists()
    assert message.patient is not None


def test_the_call_is_spanish_for_who_speaks_it():
    _, call = ring()
    Patient.objects.update(language="es")

    telephone.answer(call)

    assert call.lines[0][1].startswith("Hola, esta es una llamada automática de")


def test_a_caller_is_greeted_and_put_through():
    membership, _ = owing_member()
    open_desk(membership.location)

    call = telephone.dial_in(membership.patient.phone, NOON)
    assert "automated line" in call.lines[0][1]
    telephone.say(call, words="person")

    assert call.next_act == "dial"


def test_a_caller_gets_the_link_on_the_number_that_is_on_file():
    membership, _ = owing_member()

    call = telephone.dial_in(membership.patient.phone, NOON)
    telephone.say(call, digits="1")

    assert [text.address for text in texts()] == [membership.patient.phone]


def test_an_unknown_caller_learns_nothing_and_is_called_back():
    factories.make_practice()
    factories.make_location()

    call = telephone.dial_in("+15125559999", NOON)
    telephone.say(call, digits="1")

    assert not texts()
    assert Escalation.objects.get().phone == "+15125559999"


def test_a_caller_who_wants_to_cancel_gets_a_case_and_a_person():
    membership, _ = owing_member()
    call = telephone.dial_in(membership.patient.phone, NOON)

    telephone.say(call, words="I want to cancel my membership")
    run_queued_tasks()
    telephone.go_on(call)

    assert Escalation.objects.filter(reason="cancellation").exists()


@pytest.mark.parametrize("door", ["", "answered", "said", "wait", "dialled", "status"])
def test_no_door_of_a_call_opens_without_twilios_signature(client, door):
    """R66."""
    uuid = "6f1d1a2c-0f9d-4c55-9d6a-3c8c3f0f6a11"
    path = f"/webhooks/twilio/voice/{uuid}/{door}/" if door else "/webhooks/twilio/voice/"

    assert client.post(path, {"CallSid": "CA1"}).status_code == 403


def test_a_webhook_that_comes_twice_texts_once():
    _, call = ring()
    telephone.answer(call)
    telephone.say(call, digits="1")
    uuid = Call.objects.get().uuid

    first = calling.said(uuid, digits="1", words="", now=NOON)
    again = calling.said(uuid, digits="1", words="", now=NOON)

    assert "on its way" in first.words
    assert again.words == "Goodbye."
    assert len(texts()) == 1


def test_the_line_takes_keys_and_speech_and_hears_silence_too():
    """R82."""
    answer = spoken_answers.Answer("Yes or no?", "es", asks="/x/")

    [gather] = ElementTree.fromstring(spoken_answers.twiml(answer))

    assert gather.attrib["input"] == "dtmf speech"
    assert gather.attrib["actionOnEmptyResult"] == "true"
    assert gather.attrib["action"] == "http://testserver/x/"
    assert gather.find("Say").attrib["language"] == "es-US"


def test_both_languages_say_the_same_things():
    assert set(WORDS["en"]) == set(WORDS["es"])


@pytest.mark.parametrize(
    ("stage", "digits", "words", "wish"),
    [
        ("greeting", "1", "", Wish.YES),
        ("menu", "1", "", Wish.LINK),
        ("menu", "7", "", Wish.UNCLEAR),
        ("menu", "", "¡Enlace!", Wish.LINK),
        ("greeting", "", "Sí", Wish.YES),
        ("menu", "", "tell me more", None),
    ],
)
def test_a_key_means_what_was_asked(stage, digits, words, wish):
    assert chosen(stage, digits=digits, words=words) == wish
