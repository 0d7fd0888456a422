"""Where staff see and record consent, and the way out of e-mail."""

import pytest
from django.urls import reverse

from common import clock
from members import consent, unsubscribing
from members.models import AuditEntry, ConsentEntry
from tests import factories
from tests.factories import NOON
from tests.members.test_consent import SIGNED

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _tuesday_noon(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOON)


@pytest.fixture
def desk(client):
    client.force_login(factories.make_staff())
    return client


def sent(desk, act, patient, **said):
    return desk.post(reverse(f"members:consent_{act}", args=[patient.pk]), said, follow=True)


def paper(patient, **other):
    form = {
        "to": f"sms:{patient.phone}", "purpose": "marketing", "wording": SIGNED, "signed_on": "2026-06-12",
        "evidence": "Folder 12, scan 881",
    }  # fmt: skip
    return {**form, **other}


def test_the_page_shows_what_is_allowed_and_the_words_behind_it(desk):
    patient = factories.make_patient()
    factories.agree(patient, "servicing")
    consent.opt_out(address=patient.email, channel="email", wording="Unsubscribe link", source="e-mail link", now=NOON)

    page = desk.get(reverse("members:consent", args=[patient.pk])).content.decode()

    for words in (
        "Service texts: yes",
        "Offers by text: no",
        "Unsubscribed",
        "I agree to receive texts",
        "intake form",
    ):
        assert words in page
    assert AuditEntry.objects.get(action="patient.viewed").data == {"page": "consent"}


def test_nothing_is_ticked_beforehand(desk):
    """R11."""
    page = desk.get(reverse("members:consent", args=[factories.make_patient().pk])).content.decode()

    assert " checked" not in page
    assert '<option value="" selected>Choose</option>' in page


def test_a_signed_form_is_recorded_with_wording_proof_and_who_recorded_it(desk):
    """R7."""
    patient = factories.make_patient()

    sent(desk, "record", patient, **paper(patient))

    entry = ConsentEntry.objects.get()
    assert (entry.wording, entry.source, entry.evidence) == (SIGNED, "paper form", "Folder 12, scan 881")
    assert f"{entry.occurred_at:%Y-%m-%d %H}" == "2026-06-12 17"  # noon in Austin
    assert entry.recorded_by.email == "dana@glowtheory.example"
    assert AuditEntry.objects.get(action="consent.opt_in").actor == f"staff:{entry.recorded_by.pk}"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"wording": "Sure, text me."}, "It lacks"),
        ({"signed_on": "2027-01-01"}, "cannot be signed in the future"),
        ({"signed_on": "soon"}, "Enter a valid date"),
        ({"to": "sms:+15125559999"}, "Select a valid choice"),
        ({"purpose": "automated_voice"}, "Choose “Automated calls” for calls"),
        ({"evidence": ""}, "This field is required"),
    ],
)
def test_a_form_that_proves_nothing_is_refused_with_what_is_missing(desk, wrong, words):
    patient = factories.make_patient()

    answer = sent(desk, "record", patient, **paper(patient, **wrong))

    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not ConsentEntry.objects.exists()


def test_what_was_said_at_the_desk_is_as_good_as_a_stop(desk):
    """R30."""
    patient = factories.make_patient()
    factories.agree(patient)
    said = {"to": f"sms:{patient.phone}", "scope": "", "source": "in person", "wording": "No more texts, please."}

    sent(desk, "stop", patient, **said)

    assert consent.is_opted_out(patient.phone, channel="sms")


def test_offers_alone_can_be_stopped_at_the_desk(desk):
    patient = factories.make_patient()
    factories.agree(patient)
    said = {"to": f"sms:{patient.phone}", "scope": "marketing", "source": "phone call", "wording": "Only reminders."}

    sent(desk, "stop", patient, **said)

    assert consent.allows(patient=patient, address=patient.phone, channel="sms", purpose="servicing")
    assert not consent.allows(patient=patient, address=patient.phone, channel="sms", purpose="marketing")


def test_staff_have_no_way_to_lift_an_opt_out(desk):
    """R37: no form of the page does it, and no other address of the product is named so."""
    patient = factories.make_patient()
    factories.agree(patient)
    consent.opt_out(address=patient.phone, channel="sms", wording="STOP", source="text", now=NOON)

    sent(desk, "record", patient, **paper(patient))
    sent(desk, "stop", patient, to=f"sms:{patient.phone}", scope="resubscribe", source="in person", wording="START")

    assert consent.is_opted_out(patient.phone, channel="sms")
    assert not ConsentEntry.objects.filter(act="resubscribe").exists()


def test_one_click_unsubscribes_without_signing_in(client):
    """R39, RFC 8058: the mail provider posts, without a cookie and without a token of ours."""
    link = unsubscribing.path_for("Ana@patients.example")

    answer = client.post(link, {"List-Unsubscribe": "One-Click"})

    assert answer.status_code == 200
    assert consent.is_opted_out("ana@patients.example", channel="email")
    assert "ana" not in link


def test_opening_the_link_changes_nothing_and_a_second_click_does_no_harm(client):
    link = unsubscribing.path_for("ana@patients.example")

    opened = client.get(link)
    before = ConsentEntry.objects.count()
    client.post(link)
    client.post(link)

    assert "Stop our e-mails?" in opened.content.decode()
    assert (before, ConsentEntry.objects.count()) == (0, 1)


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_link_that_was_tampered_with_stops_nobody(client, method):
    link = unsubscribing.path_for("ana@patients.example")

    answer = getattr(client, method)(link[:-4] + "abc/")

    assert answer.status_code == 404
    assert not ConsentEntry.objects.exists()
