"""What a text costs the database, from the signed door to the queued reply: at 20 texts/s it is most of the time.

Counted are the statements that ask or write, not the brackets of transactions.
"""

import dataclasses

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from common import clock
from concierge import answering, standing
from concierge.facts import MemberFacts, Sender
from concierge.models import Turn
from concierge.understanding import local
from members import scheduling
from members.models import Membership
from outreach.models import Message
from tests.concierge.test_webhooks import form, post
from tests.factories import NOON

_BRACKETS = ("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT", "ROLLBACK")

pytestmark = pytest.mark.django_db


@pytest.fixture
def cost(ana, engine, monkeypatch):
    """Statements of the door and of the task that answers, and the Turn."""
    monkeypatch.setattr(clock, "now", lambda: NOON)
    monkeypatch.setattr(local, "_serving", engine)

    def of(body, phone=ana.phone):
        with CaptureQueriesContext(connection) as at_the_door:
            assert post(form(phone, body)).status_code == 200
        message = Message.objects.get(provider_sid="SM1")
        with CaptureQueriesContext(connection) as in_the_task:
            answering.answer(message.pk, now=NOON)
        said = [query["sql"] for query in (*at_the_door, *in_the_task)]
        return [sql for sql in said if not sql.startswith(_BRACKETS)], Turn.objects.get()

    return of


@pytest.mark.parametrize(
    ("body", "rule", "most"),
    [
        ("how many credits do i have left?", "True balance, with times for the credit that expires first.", 45),
        ("can i book a facial next week", "Times that suit the wish, kept for a while.", 56),
        ("do my credits roll over", "Asked about credit expiry: told by rows, expiry.", 36),
        ("what does my plan include?", "Asked about plan benefits: told by rows, benefits.", 39),
        ("where are you located", "Asked about location hours: told by rows, hours.", 37),
        ("when is my next appointment", "There is no coming appointment.", 35),
        ("thanks!", "Said thanks.", 33),
        ("can somebody call me", "Asked for a person.", 51),
    ],
)
def test_a_text_asks_for_no_row_that_its_answer_does_not_need(cost, body, rule, most):
    statements, turn = cost(body)

    assert turn.rule == rule
    assert len(statements) <= most, "\n".join(sql[:160] for sql in statements)


def test_a_balance_whose_credit_is_booked_looks_into_no_diary(cost, ana, facial):
    opening = scheduling.get().openings(patient=ana, service=facial, after=NOON, until=NOON.replace(day=20))[0]
    scheduling.get().book(patient=ana, opening=opening, actor="staff:1", now=NOON)

    statements, turn = cost("how many credits do i have left?")

    assert turn.rule == "True balance; what is left is booked."
    assert len(statements) <= 36, "\n".join(sql[:160] for sql in statements)


def test_a_number_of_nobody_costs_little_too(cost):
    statements, turn = cost("how many credits do i have left?", phone="+15125550999")

    assert turn.rule == "The number is not on file."
    assert len(statements) <= 40, "\n".join(sql[:160] for sql in statements)


def test_every_fact_that_has_a_default_is_read_from_rows():
    """One that were forgotten would be told as nothing: no credit, no debt."""
    for facts, read in ((MemberFacts, standing.StandingFacts), (Sender, standing.StandingSender)):
        of_rows = {name for name, fact in vars(read).items() if isinstance(fact, standing.OnFirstLook)}
        at_once = {"is_minor", "patient", "street", "phone"}
        missing = {one.name for one in dataclasses.fields(facts) if one.default is not dataclasses.MISSING}
        assert missing - at_once == of_rows


def test_a_fact_stays_as_it_was_first_read(ana):
    """R168: the decision and the answer of one turn rest on the same figures."""
    facts = standing.gather(ana, now=NOON)
    before = facts.status

    Membership.objects.update(status="past_due")

    assert (before, facts.status, facts.payment_due) == ("active", "active", False)
    assert standing.gather(ana, now=NOON).status == "past_due"


def test_a_turn_keeps_what_was_looked_at_and_nothing_else(cost):
    _, turn = cost("thanks!")

    assert turn.facts == {}
