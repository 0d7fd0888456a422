import re
from datetime import timedelta

import pytest
from django.urls import reverse

from common import clock
from concierge import conversations
from concierge.models import Conversation, Snippet, Turn
from concierge.views.thread import snoozed_until
from members import escalations
from members.models import AuditEntry, Escalation
from outreach.models import Message
from tests import factories
from tests.concierge.conftest import receive
from tests.factories import NOON

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def _tuesday_noon(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOON)


@pytest.fixture
def dana():
    return factories.make_staff()


@pytest.fixture
def kim():
    return factories.make_staff("kim@glowtheory.example", role="manager")


@pytest.fixture
def desk(client, dana):
    client.force_login(dana)
    return client


def talk(first="Ana", last="Ortiz", words="Hello?", *, ago=timedelta(minutes=5), patient=None) -> Conversation:
    """A patient who texted."""
    patient = patient or factories.make_patient(first, last)
    return conversations.heard(receive(patient.phone, words, now=NOON - ago))


def listed(desk, **asked) -> list[str]:
    return [str(row.patient.first_name) for row in desk.get(reverse("concierge:inbox"), asked).context["rows"]]


def read(desk, conversation) -> str:
    return desk.get(reverse("concierge:inbox_thread", args=[conversation.pk])).content.decode()


def act(desk, conversation, act, data=None, **extra):
    return desk.post(reverse("concierge:inbox_act", args=[conversation.pk, act]), data or {}, **extra)


def poll(desk, conversation, seen=""):
    address = reverse("concierge:inbox_transcript", args=[conversation.pk])
    return desk.get(address, {"seen": seen}, headers=HTMX)


# --- the list


def test_an_empty_inbox_says_what_will_appear(desk):
    page = desk.get(reverse("concierge:inbox")).content.decode()

    assert "Whatever a patient texts appears here." in page


def test_the_folders_tell_open_waiting_mine_snoozed_and_closed_apart(desk, dana):
    talk("Open", ago=timedelta(hours=9))
    waiting = talk("Waiting", ago=timedelta(hours=8))
    escalations.open(reason="human", summary="Asks for a person.", patient=waiting.patient, now=NOON)
    conversations.assign(conversation=talk("Mine"), to=dana, by=dana, now=NOON)
    conversations.snooze(conversation=talk("Asleep"), until=NOON + timedelta(hours=1), by=dana, now=NOON)
    conversations.close(conversation=talk("Closed"), seen_at=NOON, by=dana, now=NOON)

    folders = {name: listed(desk, folder=name) for name in ("open", "waiting", "mine", "snoozed", "closed", "nonsense")}

    assert folders == {
        "open": ["Mine", "Waiting", "Open"],
        "waiting": ["Waiting"],
        "mine": ["Mine"],
        "snoozed": ["Asleep"],
        "closed": ["Closed"],
        "nonsense": ["Mine", "Waiting", "Open"],
    }


def test_a_reply_ends_the_waiting_and_the_next_text_begins_it_again(desk, dana):
    conversation = talk()
    act(desk, conversation, "take")
    before = listed(desk, folder="waiting")

    desk.post(reverse("concierge:inbox_reply", args=[conversation.pk]), {"body": "We are open until seven."})
    answered = listed(desk, folder="waiting")
    conversations.heard(receive(conversation.phone, "And on Sunday?", now=NOON + timedelta(minutes=1)))
    again = listed(desk, folder="waiting")

    assert (before, answered, again) == (["Ana"], [], ["Ana"])


@pytest.mark.parametrize("ends", ["close", "snooze"])
def test_a_new_text_brings_back_what_was_put_away(desk, ends):
    conversation = talk()
    act(desk, conversation, ends, {"until": "tomorrow", "heard": NOON.isoformat()})
    put_away = listed(desk)

    conversations.heard(receive(conversation.phone, "One more thing", now=NOON + timedelta(minutes=1)))

    assert (put_away, listed(desk)) == ([], ["Ana"])


def test_a_text_that_is_read_late_does_not_open_what_was_closed_after_it(dana):
    conversation = talk()
    conversations.close(conversation=conversation, seen_at=NOON, by=dana, now=NOON)

    conversations.heard(Message.objects.get(direction="in"))

    conversation.refresh_from_db()
    assert conversation.closed_at == NOON


def test_a_conversation_with_a_text_that_nobody_saw_is_not_closed(desk):
    conversation = talk(ago=timedelta(minutes=5))

    refused = act(desk, conversation, "close", {"heard": (NOON - timedelta(hours=1)).isoformat()}, headers=HTMX)

    conversation.refresh_from_db()
    assert (refused.status_code, conversation.closed_at) == (409, None)
    assert "A new text came in." in refused.content.decode()


def test_search_finds_names_numbers_and_words_and_is_on_record_without_them(desk, dana):
    """R116."""
    ana = talk("Ana", words="Is there parking?")
    talk("Bea", words="Do you have gift cards?")

    found = [listed(desk, q=words) for words in ("ort", "bea", "parking", ana.phone[-4:], "zzz")]

    assert [sorted(names) for names in found] == [["Ana", "Bea"], ["Bea"], ["Ana"], ["Ana"], []]
    entries = AuditEntry.objects.filter(action="patients.searched")
    assert {entry.actor for entry in entries} == {f"staff:{dana.pk}"}
    assert "parking" not in str([entry.data for entry in entries])


def test_what_was_read_is_unread_again_after_the_next_text(desk):
    conversation = talk()
    unread = listed(desk, unread="1")
    read(desk, conversation)
    after_reading = listed(desk, unread="1")

    conversations.heard(receive(conversation.phone, "Hello again", now=NOON + timedelta(minutes=1)))

    assert (unread, after_reading, listed(desk, unread="1")) == (["Ana"], [], ["Ana"])


def test_the_inbox_of_a_location_shows_its_patients(desk):
    talk("Ana")
    dallas = factories.make_location(external_id="dallas", name="Dallas")
    talk(patient=factories.make_patient("Bea", home_location=dallas))

    assert listed(desk, location=dallas.pk) == ["Bea"]


# --- one conversation


def test_the_thread_says_why_a_text_was_answered_and_looking_is_on_record(desk, dana):
    """R116."""
    conversation = talk(words="How many credits?")
    Turn.objects.create(
        message=Message.objects.get(direction="in"), conversation=conversation, started_at=NOON,
        intent="credit_balance", confidence=0.92, decision="reply", rule="Said from the ledger (R154).",
        facts={"credits": 2},
    )  # fmt: skip

    page = read(desk, conversation)

    for fact in ("How many credits?", "credit balance, 92% sure", "Said from the ledger", "<dt>Credits</dt><dd>2</dd>"):
        assert fact in page, fact
    assert "R154" not in page
    entry = AuditEntry.objects.get(action="patient.viewed")
    assert (entry.actor, entry.patient) == (f"staff:{dana.pk}", conversation.patient)


def test_the_card_stands_beside_the_thread(desk):
    conversation = talk(patient=factories.make_membership().patient)

    card = desk.get(reverse("concierge:inbox_card", args=[conversation.pk]), headers=HTMX).content.decode()

    assert "Glow" in card
    assert "<html" not in card


def test_taking_over_silences_the_concierge_and_releasing_lets_it_speak(desk, dana):
    conversation = talk()

    taken = act(desk, conversation, "take", headers=HTMX).content.decode()
    conversation.refresh_from_db()
    holder = conversation.holder
    released = act(desk, conversation, "release", headers=HTMX).content.decode()

    conversation.refresh_from_db()
    assert holder == dana
    assert "You answer" in taken
    assert "The concierge answers." in released
    assert conversation.pen == Conversation.Pen.CONCIERGE


def test_a_reply_claims_the_open_case_of_the_number(desk, dana):
    conversation = talk()
    case = escalations.open(reason="human", summary="Asks for a person.", patient=conversation.patient, now=NOON)

    desk.post(reverse("concierge:inbox_reply", args=[conversation.pk]), {"body": "Here I am."})

    case.refresh_from_db()
    assert (case.state, case.claimed_by) == (Escalation.State.CLAIMED, dana)


def test_an_empty_reply_is_refused_and_the_page_stays(desk):
    refused = desk.post(reverse("concierge:inbox_reply", args=[talk().pk]), {"body": " "})

    assert refused.status_code == 409
    assert "Write a reply first." in refused.content.decode()


def test_a_conversation_is_given_to_a_colleague_and_to_nobody(desk, kim):
    conversation = talk()

    act(desk, conversation, "assign", {"to": kim.pk})
    conversation.refresh_from_db()
    given = conversation.assigned_to
    act(desk, conversation, "assign", {"to": ""})

    conversation.refresh_from_db()
    assert (given, conversation.assigned_to) == (kim, None)


@pytest.mark.parametrize("to", ["999999", "x", "²"])
def test_a_colleague_who_is_not_there_is_refused(desk, to):
    assert act(desk, talk(), "assign", {"to": to}).status_code == 409


def test_a_snooze_ends_in_the_morning_of_the_patients_clock():
    until = {name: snoozed_until(name, now=NOON, zone="America/Chicago") for name in ("hour", "tomorrow", "monday")}

    assert until["hour"] == NOON + timedelta(hours=1)
    assert [f"{until[name]:%a %d %H:%M %Z}" for name in ("tomorrow", "monday")] == [
        "Wed 17 09:00 CDT",
        "Mon 22 09:00 CDT",
    ]


def test_a_colleague_sees_who_types_until_it_is_over(desk, kim, monkeypatch):
    conversation = talk()
    conversations.typing(conversation=conversation, by=kim, now=NOON)

    during = poll(desk, conversation)
    monkeypatch.setattr(clock, "now", lambda: NOON + timedelta(seconds=9))
    seen = re.search(r'id="seen" name="seen" value="([^"]+)"', during.content.decode())[1]
    afterwards = poll(desk, conversation, seen)

    assert "is typing…" in during.content.decode()
    assert "is typing…" not in afterwards.content.decode()
    assert afterwards.status_code == 200


def test_polling_draws_only_what_changed_and_never_the_reply_box(desk):
    conversation = talk()
    seen = re.search(r'id="seen" name="seen" value="([^"]*)"', read(desk, conversation))[1]

    same = poll(desk, conversation, seen)
    receive(conversation.phone, "Anyone?", now=NOON)
    changed = poll(desk, conversation, seen).content.decode()

    assert same.status_code == 204
    assert "Anyone?" in changed
    assert "<textarea" not in changed


# --- kept replies


def test_a_kept_reply_is_offered_with_the_patients_name(desk):
    conversation = talk()
    desk.post(reverse("concierge:inbox_snippets"), {"title": "Parking", "body": "Hi {first_name}, behind the house."})

    page = read(desk, conversation)

    assert "Hi Ana, behind the house." in page


def test_a_kept_reply_is_changed_and_removed(desk):
    kept = Snippet.objects.create(title="Parking", body="Behind the house.")
    address = reverse("concierge:inbox_snippet", args=[kept.pk])

    desk.post(address, {"title": "Parking", "body": "In front."})
    kept.refresh_from_db()
    changed = kept.body
    desk.post(address, {"remove": "1"})

    assert changed == "In front."
    assert not Snippet.objects.exists()


def test_a_kept_reply_without_words_is_refused_and_keeps_what_was_typed(desk):
    refused = desk.post(reverse("concierge:inbox_snippets"), {"title": "Parking", "body": " "})

    assert refused.status_code == 409
    assert 'value="Parking"' in refused.content.decode()
