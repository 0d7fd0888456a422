"""One row a text, cards out first, keywords settled (R5, R28, R31-R37, R62, R63, R69, R111, R124)."""

from datetime import timedelta
from itertools import count

import pytest

from members import consent
from members.models import ConsentEntry, Escalation
from outreach import inbound, outbox, wording
from outreach.models import Message
from tests import factories
from tests.factories import NOON

pytestmark = pytest.mark.django_db

PHONE = "+15125550177"
_sids = count(1)


@pytest.fixture
def patient():
    patient = factories.make_patient(phone=PHONE)
    factories.agree(patient)
    return patient


def receive(body: str, *, sender: str = PHONE, sid: str = "", at=NOON, opt_out_type: str = "", media: int = 0):
    return inbound.receive(
        sid=sid or f"SM{next(_sids)}",
        sender=sender,
        recipient="+15125550100",
        body=body,
        media_count=media,
        opt_out_type=opt_out_type,
        now=at,
    )


def ours() -> list[Message]:
    return list(Message.objects.filter(direction="out").order_by("pk"))


def opted_out(address: str = PHONE) -> bool:
    return consent.is_opted_out(address, channel="sms")


def test_a_question_is_stored_with_its_patient_and_wants_an_answer(patient):
    received = receive("Do I still have my facial credit?", media=1)

    message = Message.objects.get()
    assert received == inbound.Received(message, is_new=True)
    assert (message.patient, message.location, message.address) == (patient, patient.home_location, PHONE)
    assert (message.status, message.kind, message.direction) == ("received", "inbound", "in")
    assert (message.wants_answer, message.media_count) == (True, 1)
    assert ours() == []


def test_the_second_delivery_of_a_text_does_nothing(patient):
    """R69."""
    first = receive("STOP please", sid="SM7")

    again = receive("STOP please", sid="SM7", at=NOON + timedelta(minutes=5))

    assert again == inbound.Received(first.message, is_new=False)
    assert Message.objects.filter(direction="in").count() == 1
    assert ConsentEntry.objects.filter(act="opt_out").count() == 1
    assert len(ours()) == 1


def test_a_card_number_is_never_stored(patient):
    """R124."""
    receive("use 4111 1111 1111 1111 please")

    assert Message.objects.get().body == "use [card ••••1111] please"


def test_a_card_number_does_not_get_into_the_proof_of_an_opt_out(patient):
    receive("STOP texting, my card is 4111 1111 1111 1111")

    assert "4111" not in ConsentEntry.objects.get(act="opt_out").wording


def test_an_unknown_number_is_stored_without_a_patient():
    factories.make_practice()

    message = receive("Hi, who is this?").message

    assert (message.patient, message.wants_answer) == (None, True)


def test_a_shared_number_belongs_to_nobody_in_particular(patient):
    """R111."""
    factories.make_patient("Lena", phone=PHONE)

    assert receive("Hi").message.patient is None


@pytest.mark.parametrize(
    "sender", ["GLOWTHEORYSPA", "12345", "+447700900123", "+12425550123", "", "+1", "☎️" * 30, "x" * 400]
)
def test_a_sender_that_is_no_us_number_is_stored_and_not_answered(sender):
    """R77."""
    factories.make_practice()

    message = receive("Hi", sender=sender).message

    assert message.address == sender[:16]
    assert message.wants_answer is False
    assert "US number" in message.reason


@pytest.mark.parametrize("body", ["", " ", "🙂", "x" * 5000, "\x1b[0m", "';--"])
def test_odd_bodies_are_stored_as_they_are(patient, body):
    assert receive(body).message.body == body


# --- the same text again ---


def test_the_same_words_within_a_minute_are_answered_once(patient):
    first = receive("Hello?").message

    second = receive("Hello?", at=NOON + timedelta(seconds=59)).message

    assert second.duplicate_of == first
    assert (first.wants_answer, second.wants_answer) == (True, False)


def test_a_third_one_points_to_the_first(patient):
    first = receive("Hello?").message
    receive("Hello?", at=NOON + timedelta(seconds=20))

    assert receive("Hello?", at=NOON + timedelta(seconds=40)).message.duplicate_of == first


@pytest.mark.parametrize(
    ("body", "sender", "seconds"), [("Hello!", PHONE, 10), ("Hello?", "+15125550178", 10), ("Hello?", PHONE, 61)]
)
def test_other_words_another_phone_or_later_is_no_duplicate(patient, body, sender, seconds):
    receive("Hello?")

    assert receive(body, sender=sender, at=NOON + timedelta(seconds=seconds)).message.duplicate_of is None


def test_the_same_answer_to_our_next_question_is_no_duplicate(patient, carrier):
    """settled.md 16: "1" and, after our text, "1" again."""
    receive("1")
    reply = outbox.post(kind="reply", body="And which day?", dedupe_key="r", patient=patient, now=NOON)
    outbox.send(reply.pk, now=NOON + timedelta(seconds=5))

    again = receive("1", at=NOON + timedelta(seconds=20)).message

    assert (again.duplicate_of, again.wants_answer) == (None, True)


# --- STOP ---


@pytest.mark.parametrize("body", ["STOP", "Stop.", "unsubscribe", "opt-out", "END", "stop please", "🛑STOP🛑"])
def test_an_opt_out_word_ends_all_texts_and_wants_no_answer(patient, body):
    message = receive(body).message

    assert opted_out()
    assert message.wants_answer is False
    assert ConsentEntry.objects.get(act="opt_out").wording == body


@pytest.mark.parametrize(
    "body", ["STOP", "stop", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"]
)
def test_where_the_carrier_answers_we_say_nothing(patient, body):
    """R62: with or without its OptOutType; R64: on a toll-free number the network answers, too."""
    receive(body)
    receive(body, sender="+15125550178", opt_out_type="STOP")

    assert ours() == []


@pytest.mark.parametrize("body", ["STOP please", "Stop!", "stop all", "opt out", "STOP texting me"])
def test_a_phrase_is_confirmed_by_us_exactly_once(patient, carrier, body):
    """R34, R62."""
    receive(body)
    receive(body, at=NOON + timedelta(seconds=10))
    receive("STOP now", at=NOON + timedelta(minutes=2))

    [confirmation] = ours()
    assert confirmation.kind == "opt_out"
    assert "Reply START" in confirmation.body
    assert "does not cancel a membership" in confirmation.body  # R36
    assert wording.segments(confirmation.body).count == 1
    outbox.send_due(now=NOON + timedelta(minutes=1))
    assert len(carrier.sent) == 1


def test_a_confirmation_that_is_late_is_not_sent(patient, carrier):
    """R35: worker paused for six minutes."""
    receive("STOP please")

    outbox.send_due(now=NOON + timedelta(minutes=6))

    assert carrier.sent == []
    assert ours()[0].status == "dropped"


def test_a_stop_by_rcs_blocks_texts_too(patient):
    """R65."""
    receive("STOP", sender=f"rcs:{PHONE}")

    assert opted_out()
    assert Message.objects.get(direction="in").patient == patient


def test_what_was_waiting_for_the_number_is_dropped(patient, carrier):
    """R31."""
    waiting = outbox.post(kind="reply", body="Hello", dedupe_key="r", patient=patient, now=NOON)

    receive("STOP")

    waiting.refresh_from_db()
    assert (waiting.status, waiting.reason) == ("dropped", "The patient opted out of texts.")
    assert outbox.send_due(now=NOON) == 0


def test_an_emergency_reply_that_waits_is_not_dropped(patient):
    waiting = outbox.post(kind="emergency", body="Call 911", dedupe_key="e", patient=patient, now=NOON)

    receive("STOP")

    waiting.refresh_from_db()
    assert waiting.status == "queued"


def test_an_opt_out_covers_everyone_on_the_phone(patient):
    other = factories.make_patient("Lena", phone=PHONE)
    factories.agree(other)

    receive("STOP")

    allowed = [
        consent.allows(patient=who, address=PHONE, channel="sms", purpose="servicing") for who in (patient, other)
    ]
    assert allowed == [False, False]


def test_stop_with_more_words_opts_out_and_still_wants_an_answer(patient):
    """R5: "STOP I can't breathe" is both."""
    message = receive("STOP I can't breathe").message

    assert opted_out()
    assert message.wants_answer is True


def test_a_bare_cancel_also_opens_a_case(patient):
    """R36."""
    receive("CANCEL", opt_out_type="STOP")

    case = Escalation.objects.get()
    assert opted_out()
    assert (case.reason, case.patient) == ("cancellation", patient)


@pytest.mark.parametrize("body", ["cancel my membership", "Cancel my appointment please", "can I cancel?"])
def test_cancelling_something_is_no_opt_out(patient, body):
    """R36."""
    message = receive(body).message

    assert not opted_out()
    assert message.wants_answer is True
    assert not Escalation.objects.exists()


def test_a_stranger_may_stop_too():
    factories.make_practice()

    receive("CANCEL please")

    assert opted_out()
    assert Escalation.objects.get().phone == PHONE
    assert len(ours()) == 1


def test_stop_start_stop_within_a_minute_ends_opted_out(patient):
    """The last one repeats the first one's words and counts all the same."""
    for second, body in enumerate(["STOP", "START", "STOP"]):
        receive(body, at=NOON + timedelta(seconds=second))

    assert opted_out()


def test_a_crash_in_the_middle_stores_nothing_so_the_retry_does_all(patient, monkeypatch):
    monkeypatch.setattr(inbound.opt_outs, "record", lambda **_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        receive("STOP", sid="SM9")
    monkeypatch.undo()

    assert not Message.objects.exists()
    assert receive("STOP", sid="SM9").is_new
    assert opted_out()


def test_the_confirmation_speaks_the_patients_language():
    factories.make_patient(phone=PHONE, language="es")

    receive("STOP por favor")

    assert "Responda START" in ours()[0].body


# --- START, YES, HELP ---


@pytest.mark.parametrize(("body", "told"), [("START", "START"), ("unstop", ""), ("Start!", ""), ("YES", "START")])
def test_the_patients_own_word_turns_texts_back_on(patient, body, told):
    """R37."""
    receive("STOP")

    message = receive(body, opt_out_type=told, at=NOON + timedelta(minutes=5)).message

    assert not opted_out()
    assert message.wants_answer is False
    assert ours() == []


def test_start_restores_only_what_was_agreed(patient):
    stranger = factories.make_patient("Lena", phone="+15125550178")
    receive("STOP", sender="+15125550178")
    receive("START", sender="+15125550178")

    assert not consent.allows(patient=stranger, address="+15125550178", channel="sms", purpose="marketing")


@pytest.mark.parametrize("body", ["YES", "yes", "Yes!"])
def test_a_bare_yes_is_never_our_opt_in(patient, body):
    """R63."""
    receive("STOP")

    message = receive(body, at=NOON + timedelta(minutes=5)).message

    assert opted_out()
    assert message.wants_answer is True


def test_a_yes_that_the_carrier_takes_for_start_is_an_answer_while_texts_are_on(patient):
    message = receive("YES", opt_out_type="START").message

    assert message.wants_answer is True
    assert not ConsentEntry.objects.filter(act="resubscribe").exists()


@pytest.mark.parametrize(("body", "told"), [("HELP", ""), ("info", ""), ("Help!", "HELP")])
def test_help_that_the_carrier_answered_gets_nothing_from_us(patient, body, told):
    """R51."""
    message = receive(body, opt_out_type=told).message

    assert message.wants_answer is False
    assert ours() == []


def test_help_that_the_carrier_did_not_answer_gets_one_fixed_reply(patient):
    """R51."""
    receive("Help please")
    receive("Help please", at=NOON + timedelta(seconds=5))

    [reply] = ours()
    assert (reply.kind, reply.in_reply_to.body) == ("reply", "Help please")
    assert "(512) 555-0100" in reply.body
    assert "STOP" in reply.body


def test_a_text_from_abroad_is_read_by_a_person_though_it_cannot_be_answered():
    received = receive("I can't breathe", sender="+14165550123")

    case = Escalation.objects.get()
    assert not received.message.wants_answer
    assert case.severity == Escalation.Severity.HIGH
    assert "can't breathe" in case.summary
    assert ours() == []


@pytest.mark.parametrize("sender", ["22000", "GLOWSPA", ""])
def test_a_short_code_or_a_name_is_stored_and_troubles_nobody(sender):
    received = receive("Your code is 1234", sender=sender)

    assert received.message.pk
    assert not Escalation.objects.exists()


@pytest.mark.parametrize("text", ["stop it", "HELP me please", "STOP"])
def test_a_stop_before_set_up_holds_though_there_is_no_name_to_confirm_it_under(text):
    receive(text)

    assert consent.is_opted_out(PHONE, channel="sms") == (text != "HELP me please")
    assert ours() == []


@pytest.mark.parametrize("body", ["Stop please", "Help please"])
def test_a_keyword_from_abroad_counts_but_nothing_is_texted_there(body):
    """R77."""
    factories.make_practice()

    receive(body=body, sender="+447700900123")

    assert not Message.objects.filter(direction="out").exists()
    assert consent.is_opted_out("+447700900123", channel="sms") is body.startswith("Stop")
