"""The audit trail for managers: search, proof, files; each look is itself on record."""

import json
from datetime import timedelta
from io import BytesIO

import pytest
from django.urls import reverse
from pypdf import PdfReader

from common import clock
from members import audit, audit_seals
from members.models import AuditEntry
from tests import factories
from tests.factories import NOON

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _tuesday_noon(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOON)


@pytest.fixture
def manager(client):
    client.force_login(factories.make_staff(role="manager"))
    return client


def record(action="credit.spent", *, patient=None, at=NOON, actor="system", **data) -> AuditEntry:
    return audit.record(action, actor=actor, patient=patient, now=at, data=data)


def shown(client, **asked) -> str:
    return client.get(reverse("members:audit", query=asked)).content.decode()


def test_the_trail_says_who_did_what_to_whom_and_when(manager):
    ana = factories.make_patient()
    dana = factories.make_staff("other@glowtheory.example")
    record("hold.placed", patient=ana, actor=f"staff:{dana.pk}", kind="clinical")

    page = shown(manager)

    for words in ("Dana Reyes", "hold: placed", "Ana Ortiz", "kind clinical", "Tue Jun 16, 11:00 am"):
        assert words in page


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"q": "ort"}, {"visit: booked"}),
        ({"q": "5550177"}, {"visit: booked"}),
        ({"actor": "stripe"}, {"card: updated"}),
        ({"area": "credit"}, {"credit: spent"}),
        ({"since": "2026-06-16"}, {"visit: booked", "card: updated"}),
        ({"until": "2026-06-15"}, {"credit: spent"}),
        ({"since": "nonsense"}, {"visit: booked", "card: updated", "credit: spent"}),
    ],
)
def test_a_filter_narrows_the_trail(manager, asked, found):
    record("visit.booked", patient=factories.make_patient(phone="+15125550177"))
    record("card.updated", actor="stripe")
    record("credit.spent", at=NOON - DAY)

    page = shown(manager, **asked)

    assert {words for words in ("visit: booked", "card: updated", "credit: spent") if words in page} == found


def test_a_search_is_on_record_without_its_words(manager):
    """R116: every search."""
    shown(manager, q="Ortiz")

    searched = AuditEntry.objects.get(action="audit.searched")
    assert searched.data == {"shown": 0, "by": ["q"]}


def test_a_manager_proves_the_trail_and_the_page_keeps_the_proof(manager):
    factories.make_location()
    record()
    audit_seals.seal(now=NOON)

    said = manager.post(reverse("members:audit_verify"), {"day": "2026-06-16"}, follow=True).content.decode()

    assert "The trail holds: 1 entries" in said
    assert "Last verified Tue Jun 16, 11:00 am" in said


@pytest.mark.parametrize(
    ("day", "words"), [("16.6.2026", "Write the day as"), ("2020-01-01", "Nothing was sealed"), ("", "The trail holds")]
)
def test_a_day_that_cannot_be_verified_is_explained(manager, day, words):
    record()
    audit_seals.seal(now=NOON)

    said = manager.post(reverse("members:audit_verify"), {"day": day}, follow=True).content.decode()

    assert words in said


def test_a_long_trail_is_left_to_the_command(manager, monkeypatch):
    monkeypatch.setattr("members.views.audit.MOST_LINKS", 1)
    record()
    record()
    audit_seals.seal(now=NOON)

    said = manager.post(reverse("members:audit_verify"), follow=True).content.decode()

    assert "verify_audit" in said
    assert not AuditEntry.objects.filter(action="audit.verified").exists()


def test_the_trail_of_a_patient_is_exported_as_json_and_the_export_is_on_record(manager):
    """R116: every export."""
    ana, bea = factories.make_patient("Ana"), factories.make_patient("Bea")
    factories.agree(ana, "marketing")
    record("hold.placed", patient=ana, kind="clinical")
    record("hold.placed", patient=bea)
    audit_seals.seal(now=NOON)

    document = json.loads(manager.get(reverse("members:audit_json", args=[ana.pk])).content)

    assert [entry["action"] for entry in document["entries"]] == ["hold.placed"]
    assert document["entries"][0]["link"] == 1
    assert document["chain_head"] == audit_seals.head()
    assert [said["purpose"] for said in document["consents"]] == ["marketing"]
    assert AuditEntry.objects.get(action="audit.exported").data == {"format": "json", "entries": 1}


def test_the_trail_of_a_patient_is_exported_as_pdf(manager):
    ana = factories.make_patient("Zoë <b>", "Núñez & Nguyễn")
    record("hold.placed", patient=ana, kind="clinical", note="<para>")

    answer = manager.get(reverse("members:audit_pdf", args=[ana.pk]))

    words = "".join(page.extract_text() for page in PdfReader(BytesIO(answer.content)).pages)
    assert "Zoë <b> Núñez & Nguy" in words
    assert "hold.placed" in words
    assert "kind clinical, note <para>" in words
    assert AuditEntry.objects.filter(action="audit.exported", patient=ana).exists()


def test_the_patients_of_an_incident_are_listed(manager):
    """R121: by its window, and safe to open in a spreadsheet."""
    ana, bea = factories.make_patient("=cmd()"), factories.make_patient("Bea")
    record(patient=ana, at=NOON - DAY)
    record(patient=ana, at=NOON - DAY)
    record(patient=bea, at=NOON - 5 * DAY)

    answer = manager.get(reverse("members:audit_affected", query={"since": "2026-06-14"}))

    lines = answer.content.decode("utf-8-sig").splitlines()
    assert lines[1:] == [f"{ana.pk},'=cmd(),Ortiz,2,2026-06-15 16:00:00+00:00,2026-06-15 16:00:00+00:00"]
    assert AuditEntry.objects.filter(action="audit.affected_listed").exists()


def test_the_member_page_offers_the_files_to_managers_only(client):
    ana = factories.make_patient()
    address = reverse("members:audit_pdf", args=[ana.pk])

    def offered(role: str) -> bool:
        client.force_login(factories.make_staff(f"{role}@glowtheory.example", role=role))
        return address in client.get(reverse("members:detail", args=[ana.pk])).content.decode()

    assert offered("manager")
    assert not offered("front_desk")
