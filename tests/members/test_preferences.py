"""The page where a patient asks to hear of each payment before it is made."""

from urllib.parse import urlsplit

import pytest

from members import links
from members.models import AuditEntry, Patient
from tests import factories
from tests.factories import NOON

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _noon(monkeypatch):
    monkeypatch.setattr("common.clock.now", lambda: NOON)


def test_a_notice_before_payments_is_asked_for_and_stopped_and_nothing_else_is_switched(client):
    link = links.issue(membership=factories.make_membership(), purpose="preferences", now=NOON)
    page = urlsplit(links.url(link)).path
    wanted = []

    for said in ("on", "off"):
        client.post(page, {"notice": said})
        wanted.append(Patient.objects.get().wants_renewal_notice)

    assert wanted == [True, False]
    assert [row.data["fields"] for row in AuditEntry.objects.filter(action="patient.corrected")] == [
        ["wants_renewal_notice"]
    ] * 2
    assert "Tell me three days before each membership payment" in client.get(page).content.decode()
