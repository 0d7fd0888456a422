"""What patients ask, and the texts that a leader labels as examples."""

import json
from datetime import timedelta

import pytest
import yaml
from django.urls import reverse

from common import clock
from concierge import conversations, labelling, questions
from concierge.models import LabelledText, Turn
from members.models import AuditEntry
from tests import factories
from tests.concierge.conftest import receive
from tests.factories import NOON

pytestmark = pytest.mark.django_db
ZONE = "America/Chicago"
WEEK = timedelta(days=7)


def turn(patient, body, *, intent="other", decision="hand_off", at=NOON) -> Turn:
    message = receive(patient.phone, body, now=at)
    return Turn.objects.create(
        message=message, conversation=conversations.heard(message), started_at=at, finished_at=at, intent=intent,
        decision=decision,
    )  # fmt: skip


@pytest.fixture
def ana():
    return factories.make_membership(factories.make_patient("Ana", "Ortiz")).patient


@pytest.fixture
def kim(client, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOON)
    client.force_login(factories.make_staff("kim@glowtheory.example", role="manager"))
    return client


def test_intents_are_counted_by_week_with_what_no_person_had_to_answer(ana):
    turn(ana, "Credits?", intent="credit_balance", decision="reply")
    turn(ana, "And now?", intent="credit_balance", decision="hand_off")
    turn(ana, "Book me", intent="book", decision="act", at=NOON - WEEK)
    turn(ana, "Thanks", intent="thanks", decision="silent")
    turn(ana, "Old", intent="book", decision="reply", at=NOON - 7 * WEEK)

    asked = questions.summary(now=NOON, zone=ZONE)

    assert [(one.intent, one.weeks[-2:], one.answered) for one in asked.intents] == [
        ("credit_balance", [0, 2], 1),
        ("book", [1, 0], 1),
    ]
    assert (asked.totals[-2:], asked.answered[-2:]) == ([1, 2], [1, 1])


def test_a_week_begins_on_monday_of_the_practice(ana):
    sunday_evening = clock.monday(NOON, ZONE) - timedelta(minutes=1)
    turn(ana, "Credits?", intent="credit_balance", decision="reply", at=sunday_evening)

    assert questions.summary(now=NOON, zone=ZONE).totals[-2:] == [1, 0]


def test_a_text_that_was_not_understood_becomes_an_example_without_who_wrote_it(kim, ana):
    odd = turn(ana, "It's Ana Ortiz, ring 512-555-0188 or ana@ortiz.example when the glow box is back")

    page = kim.get(reverse("concierge:asking")).content.decode()
    kim.post(reverse("concierge:asking_label", args=[odd.pk]), {"intent": "human"})

    assert "when the glow box is back" in page
    kept = LabelledText.objects.get()
    assert kept.text == "It's [name] [name], ring [number] or [e-mail] when the glow box is back"
    assert (kept.intent, kept.language) == ("human", "en")
    assert list(questions.not_understood()) == []
    assert AuditEntry.objects.get(action="example.labelled").data == {"turn": odd.pk, "intent": "human"}


def test_examples_leave_as_files_that_the_engine_s_own_tools_read(kim, ana):
    manager = factories.make_staff("lee@glowtheory.example", role="manager")
    for words, intent in (("where do I park", "location_hours"), ("necesito una cita por favor", "book")):
        labelling.label(turn=turn(ana, words), intent=intent, by=manager, now=NOON)

    lines = kim.get(reverse("concierge:asking_export_jsonl")).content.decode().splitlines()
    documents = list(yaml.safe_load_all(kim.get(reverse("concierge:asking_export_yaml")).content))

    assert {"text": "where do I park", "intent": "location_hours"} in [json.loads(line) for line in lines]
    assert {"intent": "book", "en": "", "es": "necesito una cita por favor\n"} in documents
    assert AuditEntry.objects.filter(action="examples.exported").count() == 2


def test_a_meaning_that_the_engine_does_not_know_is_refused_beside_the_text(kim, ana):
    odd = turn(ana, "Glow box?")

    answer = kim.post(
        reverse("concierge:asking_label", args=[odd.pk]), {"intent": "parking"}, headers={"HX-Request": "true"}
    )

    assert answer.status_code == 422
    assert "Choose what the text meant" in answer.content.decode()
    assert not LabelledText.objects.exists()


def test_the_front_desk_labels_nothing(client, ana):
    client.force_login(factories.make_staff(role="front_desk"))

    assert client.get(reverse("concierge:asking")).status_code == 403
    assert client.post(reverse("concierge:asking_label", args=[turn(ana, "?").pk])).status_code == 403
