"""Notes that staff write for each other: kept, corrected, never sent."""

import pytest
from django.urls import reverse

from concierge import conversations, staff_notes
from concierge.models import StaffNote
from members.models import AuditEntry
from outreach.models import Message
from tests import factories
from tests.concierge.conftest import receive
from tests.factories import NOON

pytestmark = pytest.mark.django_db


def test_a_note_on_the_member_page_is_seen_there_and_beside_the_conversation_and_sent_to_nobody(client):
    patient, dana = factories.make_membership().patient, factories.make_staff()
    conversation = conversations.heard(receive(patient.phone, "Hello?"))
    before = Message.objects.count()
    client.force_login(dana)

    kept = client.post(reverse("concierge:note", args=[patient.pk]), {"note": "Prefers Fridays."})

    assert kept.url == reverse("members:detail", args=[patient.pk])
    assert reverse("concierge:note", args=[patient.pk]) in client.get(kept.url).content.decode()
    assert "Prefers Fridays." in client.get(reverse("concierge:note", args=[patient.pk])).content.decode()
    beside = reverse("concierge:inbox_note", args=[conversation.pk])
    assert beside in client.get(reverse("concierge:inbox_thread", args=[conversation.pk])).content.decode()
    assert "Prefers Fridays." in client.get(beside).content.decode()
    assert Message.objects.count() == before
    entry = AuditEntry.objects.get(action="note.written")
    assert (entry.patient, entry.data) == (patient, {"note": StaffNote.objects.get().pk})


def test_a_correction_leaves_what_was_written_first(client):
    patient, dana = factories.make_membership().patient, factories.make_staff()
    first = staff_notes.write(patient=patient, phone="", body="Allergic to milk", by=dana, now=NOON)
    client.force_login(dana)

    client.post(reverse("concierge:note", args=[patient.pk]), {"note": "Allergic to silk", "corrects": first.pk})

    [note] = staff_notes.about(patient=patient)
    assert (note.now.body, [one.body for one in note.before]) == ("Allergic to silk", ["Allergic to milk"])
    with pytest.raises(TypeError, match="append-only"):
        StaffNote.objects.filter(pk=first.pk).update(body="")


def test_a_note_is_corrected_once_and_by_its_author_only(client):
    patient, dana = factories.make_membership().patient, factories.make_staff()
    first = staff_notes.write(patient=patient, phone="", body="One", by=dana, now=NOON)
    staff_notes.write(patient=patient, phone="", body="Two", by=dana, now=NOON, corrects=first)
    kim = factories.make_staff("kim@glowtheory.example", role="manager")

    for who in (dana, kim):
        client.force_login(who)
        client.post(reverse("concierge:note", args=[patient.pk]), {"note": "Three", "corrects": first.pk})

    assert [note.now.body for note in staff_notes.about(patient=patient)] == ["Two"]


def test_a_card_number_in_a_note_is_not_kept(client):
    """R123."""
    patient, dana = factories.make_membership().patient, factories.make_staff()
    client.force_login(dana)

    client.post(reverse("concierge:note", args=[patient.pk]), {"note": "Card 4242 4242 4242 4242 cvv 123"})

    assert "4242 4242" not in StaffNote.objects.get().body
    assert "••••4242" in StaffNote.objects.get().body


def test_an_unknown_number_has_notes_of_its_own(client):
    conversation = conversations.heard(receive("+15125559999", "Who is this?"))
    client.force_login(factories.make_staff())

    client.post(reverse("concierge:inbox_note", args=[conversation.pk]), {"note": "Wrong number, called."})

    assert [note.now.body for note in staff_notes.about(patient=None, phone="+15125559999")] == [
        "Wrong number, called."
    ]
    assert staff_notes.about(patient=None, phone="+15125558888") == []
