"""The pen: staff take it, write, give it back; a clinician's hold is only a clinician's to clear."""

from datetime import timedelta

import pytest

from common.errors import Refused
from concierge import answering, handoff
from concierge.models import Conversation
from members import consent, escalations, holds
from members.models import AuditEntry, Escalation, OnCallContact
from outreach.models import Message
from tests.concierge.conftest import receive, said, text
from tests.factories import NOON, make_patient, make_staff

QUESTION = "Do I still have my facial credit?"

pytestmark = pytest.mark.django_db


def minutes(number):
    return NOON + timedelta(minutes=number)


@pytest.fixture
def dana():
    return make_staff()


def test_while_staff_have_the_pen_nothing_is_answered_and_texts_reach_a_case(ana, dana):
    """R166."""
    handoff.take_pen(phone=ana.phone, by=dana, now=NOON)

    turn = text(ana.phone, QUESTION, now=minutes(1))

    assert (turn.decision, said(turn)) == ("silent", "")
    assert Conversation.objects.get().holder == dana
    case = Escalation.objects.get()
    assert (case.reason, QUESTION in case.summary) == ("question", True)


def test_giving_the_pen_back_lets_the_concierge_answer(ana, dana):
    handoff.take_pen(phone=ana.phone, by=dana, now=NOON)
    handoff.give_back(phone=ana.phone, by=dana, now=minutes(1))

    assert "you have 1 Signature Facial credit" in said(text(ana.phone, QUESTION, now=minutes(2)))
    assert (Conversation.objects.get().holder, holds.open_kinds(ana.phone)) == (None, set())


def test_taking_and_giving_back_leave_a_trace(ana, dana):
    handoff.take_pen(phone=ana.phone, by=dana, now=NOON)
    handoff.take_pen(phone=ana.phone, by=dana, now=minutes(1))
    handoff.give_back(phone=ana.phone, by=dana, now=minutes(2))

    trace = AuditEntry.objects.filter(action__startswith="pen.").order_by("pk")
    assert [(entry.action, entry.actor) for entry in trace] == [
        ("pen.taken", f"staff:{dana.pk}"),
        ("pen.given_back", f"staff:{dana.pk}"),
    ]


def test_a_staff_reply_goes_out_by_the_outbox_takes_the_pen_and_the_case(ana, dana, drain):
    text(ana.phone, "what about the peel")
    case = Escalation.objects.get()

    message = handoff.reply(phone=ana.phone, body=" See you at 3 — Dana ", by=dana, now=minutes(5), escalation=case)
    drain()

    message.refresh_from_db()
    assert (message.kind, message.body, message.author, message.patient) == ("staff", "See you at 3 - Dana", dana, ana)
    assert message.status == "delivered"
    case.refresh_from_db()
    assert (case.state, case.claimed_by) == ("claimed", dana)
    assert holds.open_kinds(ana.phone) == {"person"}
    assert AuditEntry.objects.filter(action="message.staff_reply", actor=f"staff:{dana.pk}").count() == 1


def test_a_reply_that_is_sent_twice_by_a_double_click_goes_out_once(ana, dana):
    receive(ana.phone, "hello there")

    for _ in range(2):
        handoff.reply(phone=ana.phone, body="On my way", by=dana, now=minutes(1))

    assert Message.objects.filter(kind="staff").count() == 1


@pytest.mark.parametrize(("body", "code"), [("   ", "empty"), ("x" * 1_601, "too_long")])
def test_an_unusable_reply_is_refused(ana, dana, body, code):
    with pytest.raises(Refused) as refused:
        handoff.reply(phone=ana.phone, body=body, by=dana, now=NOON)

    assert refused.value.code == code


def test_staff_cannot_text_a_number_that_opted_out(ana, dana):
    consent.opt_out(address=ana.phone, channel="sms", wording="stop", source="text", now=NOON)

    with pytest.raises(Refused) as refused:
        handoff.reply(phone=ana.phone, body="Hello", by=dana, now=minutes(1))

    assert refused.value.code == "opted_out"
    assert not Message.objects.filter(direction="out").exists()
    assert holds.open_kinds(ana.phone) == set()


def test_what_the_gate_refuses_is_told_and_nothing_is_kept(spa, dana):
    stranger = make_patient("Bea", "Lund")

    with pytest.raises(Refused) as refused:
        handoff.reply(phone=stranger.phone, body="Hello", by=dana, now=NOON)

    assert "consent" in refused.value.message
    assert not Message.objects.exists()


def test_a_colleagues_case_is_answered_without_being_taken_away(ana, dana):
    text(ana.phone, "what about the peel")
    case = Escalation.objects.get()
    kim = make_staff("kim@glowtheory.example")
    escalations.claim(escalation=case, by=kim, now=minutes(1))

    handoff.reply(phone=ana.phone, body="Dana here", by=dana, now=minutes(2), escalation=case)

    case.refresh_from_db()
    assert case.claimed_by == kim


def test_only_a_clinician_gives_a_clinical_hold_back(ana, dana):
    """R164."""
    text(ana.phone, "I can't breathe")
    nurse = make_staff("rn@glowtheory.example", role="clinician")

    with pytest.raises(Refused) as refused:
        handoff.give_back(phone=ana.phone, by=dana, now=minutes(5))
    assert refused.value.code == "clinical"
    assert holds.open_kinds(ana.phone) == {"clinical", "person"}

    handoff.give_back(phone=ana.phone, by=nurse, now=minutes(6))
    assert holds.open_kinds(ana.phone) == set()


def test_resolving_an_emergency_does_not_clear_the_patient(ana, dana):
    text(ana.phone, "I can't breathe")
    escalations.resolve(escalation=Escalation.objects.get(), by=dana, outcome="called", now=minutes(5))

    assert said(text(ana.phone, QUESTION, now=minutes(6))) == ""


def test_a_resolved_conversation_is_released_by_the_tick(ana, dana):
    text(ana.phone, "PERSON")
    case = Escalation.objects.get()
    handoff.reply(phone=ana.phone, body="Hi Ana", by=dana, now=minutes(1), escalation=case)
    answering.answer_due(now=minutes(2))
    held = holds.open_kinds(ana.phone)

    escalations.resolve(escalation=case, by=dana, outcome="answered", now=minutes(3))
    answering.answer_due(now=minutes(4))

    assert (held, holds.open_kinds(ana.phone)) == ({"person"}, set())
    assert Conversation.objects.get().pen == "concierge"


def test_a_pen_taken_without_a_case_stays_taken(ana, dana):
    handoff.take_pen(phone=ana.phone, by=dana, now=NOON)

    answering.answer_due(now=minutes(60 * 24))

    assert Conversation.objects.get().pen == "person"


def test_an_emergency_pages_the_person_on_call_at_once(ana):
    """R162: within a minute, and with no tick in between."""
    OnCallContact.objects.create(position=1, name="Olivia", phone="+15125550191")

    text(ana.phone, "I can't breathe")

    case, alert = Escalation.objects.get(), Message.objects.get(kind="alert")
    assert (alert.address, alert.status, alert.patient) == ("+15125550191", "queued", None)
    assert f"ACK {case.pk}" in alert.body
    assert ana.first_name not in alert.body
