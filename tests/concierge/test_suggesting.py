"""What helps to answer a hand-off: a reply from facts alone, how payments stand, what was promised (R167)."""

from datetime import timedelta

import pytest

from common import clock
from concierge import handoff, suggesting
from members.models import Escalation, PatientPhone
from tests.concierge.conftest import text
from tests.factories import NOON, make_invoice, make_patient, make_staff

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def _noon(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOON)


@pytest.fixture
def desk(client):
    client.force_login(make_staff())
    return client


def suggested(phone):
    return suggesting.help_with(phone, now=NOON)


def asked_of_a_person(patient, body, intent):
    """A text that came while a person had the pen, as the reader took it."""
    handoff.take_pen(phone=patient.phone, by=make_staff(), now=NOON)
    turn = text(patient.phone, body)
    turn.intent = intent
    turn.save(update_fields=["intent"])


def test_a_question_of_facts_gets_the_ledgers_answer_to_start_from(ana, membership):
    """R168."""
    asked_of_a_person(ana, "how many facials are left", "credit_balance")

    help = suggested(ana.phone)

    assert help.reply == ("Hi Ana, this is Glow Theory. You have 1 Signature Facial credit, good through Jul 31.")
    assert help.rests_on == "From the plan and the ledger, as of now."


@pytest.mark.parametrize("intent", ["plan_benefits", "credit_expiry", "billing_question", "pause", "location_hours"])
def test_a_colleagues_reply_asks_for_no_word_that_only_automation_takes(ana, membership, intent):
    asked_of_a_person(ana, "a question", intent)

    reply = suggested(ana.phone).reply

    assert "Reply " not in reply
    assert not reply.endswith((" ", ".."))


@pytest.mark.parametrize(
    "body", ["is it normal that my lip is bruised", "es normal tener moretones", "can i take ibuprofen after botox"]
)
def test_a_clinical_question_gets_no_statement_to_start_from(ana, body):
    """R110, R157."""
    asked_of_a_person(ana, body, "clinical")

    assert suggested(ana.phone).reply.endswith(
        (
            "Our clinical team should answer this. When may they call you?",
            "¿Cuándo le pueden llamar?",
            "¿Cuando le pueden llamar?",
        )
    )


def test_what_no_fact_answers_gets_no_suggestion(ana, membership):
    asked_of_a_person(ana, "do you validate parking", "other")

    assert suggested(ana.phone).reply == ""


def test_after_an_emergency_nothing_is_suggested(ana):
    """R164: call."""
    text(ana.phone, "I can't breathe")

    assert suggested(ana.phone).reply == ""


def test_on_a_shared_number_nobody_is_named(ana, membership):
    """R111."""
    bea = make_patient("Bea", "Lund", phone="")
    PatientPhone.objects.create(patient=bea, number=ana.phone)
    text(ana.phone, "do I have credits")

    help = suggested(ana.phone)

    assert help.reply == "Hi, this is Glow Theory. Could you tell us your full name, so that we find the right account?"
    assert (help.payment, "Ana" in str(help)) == ("", False)


def test_payments_and_promises_are_said_by_rows(ana, membership):
    make_invoice(membership, amount_due_cents=19900, paid_at=NOON - timedelta(days=10))
    make_invoice(membership, status="open", amount_remaining_cents=5000, paid_at=None)
    text(ana.phone, "can I talk to a person")

    help = suggested(ana.phone)

    assert help.payment.startswith("$50.00 is open, last paid $199.00 on Jun 6")
    assert [one.startswith("We wrote: “") for one in help.promised] == [True]
    assert "Payments: $50.00 is open" in Escalation.objects.get().summary


def test_times_that_were_offered_are_promises(ana, membership):
    text(ana.phone, "Do I still have my facial credit?")

    [offered] = suggested(ana.phone).promised

    assert offered.startswith("Offered: ")


@pytest.mark.parametrize("place", ["escalations", "conversations"])
def test_the_suggestion_is_loaded_beside_the_reply_box_and_can_be_used_without_javascript(desk, ana, membership, place):
    turn = text(ana.phone, "can I talk to a person")
    pk = Escalation.objects.get().pk if place == "escalations" else turn.conversation_id

    part = desk.get(f"/{place}/{pk}/suggestion/", headers=HTMX).content.decode()
    plain = desk.get(f"/{place}/{pk}/suggestion/")
    page = desk.get(plain.url.split("#")[0]).content.decode()

    words = "What can I do for you?"
    assert words in part
    assert 'data-insert="Hi Ana, this is Glow Theory.' in part
    assert "<html" not in part
    assert words in page.partition("<textarea")[2].partition("</textarea>")[0]
