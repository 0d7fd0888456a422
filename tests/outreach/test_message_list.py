from datetime import timedelta

import pytest
from django.urls import reverse

from common import clock
from outreach import legal_tables, outbox
from outreach.models import Message
from tests import factories
from tests.factories import NOON

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _tuesday_noon(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOON)


@pytest.fixture
def desk(client):
    client.force_login(factories.make_staff())
    return client


def text(body, *, kind="servicing", status="delivered", ago=timedelta(hours=1), **fields):
    inbound = kind == "inbound"
    return Message.objects.create(
        direction="in" if inbound else "out", kind=kind, status="received" if inbound else status, body=body,
        address="+15125551000", created_at=NOON - ago, due_at=None if inbound else NOON, **fields,
    )  # fmt: skip


def shown(desk, **asked) -> set[str]:
    rows = desk.get(reverse("outreach:messages"), asked).context["table"].page.object_list
    return {row.record.body for row in rows}


def test_an_empty_list_says_what_will_appear(desk):
    page = desk.get(reverse("outreach:messages")).content.decode()

    assert "No texts yet." in page


def test_a_held_text_is_shown_with_its_reason_and_its_patient(desk):
    patient = factories.make_patient()
    text("Hello {link}", status="held", reason="Quiet hours in Texas", patient=patient)

    page = desk.get(reverse("outreach:messages")).content.decode()

    assert "Quiet hours in Texas" in page
    assert "Hello [secure link]" in page
    assert reverse("members:detail", args=[patient.pk]) in page


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"sender": "patient"}, {"in"}),
        ({"sender": "staff"}, {"desk"}),
        ({"sender": "automation"}, {"sent", "held", "old"}),
        ({"status": "went"}, {"sent", "desk", "old"}),
        ({"status": "trouble"}, {"old"}),
        ({"status": "held"}, {"held"}),
        ({"period": "day"}, {"in", "desk", "sent", "held"}),
        ({"kind": "marketing"}, {"held"}),
        ({"kind": "nonsense"}, {"in", "desk", "sent", "held", "old"}),
    ],
)
def test_the_list_is_narrowed(desk, asked, expected):
    text("in", kind="inbound")
    text("desk", kind="staff")
    text("sent", status="sent")
    text("held", kind="marketing", status="held")
    text("old", status="undelivered", ago=timedelta(days=9))

    found = shown(desk, **asked)

    assert found == expected


def test_this_week_begins_on_monday_at_the_practice(desk):
    factories.make_location()
    text("monday", ago=timedelta(hours=34, minutes=59))  # Monday 00:01 in Austin
    text("sunday", ago=timedelta(hours=35, minutes=1))

    found = shown(desk, period="week")

    assert found == {"monday"}


def test_the_newest_text_is_on_top(desk):
    text("older", ago=timedelta(hours=3))
    text("newer")

    page = desk.get(reverse("outreach:messages")).content.decode()

    assert page.index("newer") < page.index("older")


def test_a_full_page_takes_no_more_than_twelve_queries(desk, django_assert_max_num_queries):
    for number in range(26):
        text(f"text {number}", patient=factories.make_patient())

    with django_assert_max_num_queries(12):
        page = desk.get(reverse("outreach:messages")).content.decode()

    assert "page=2" in page


def test_each_decision_about_a_text_is_told_in_words_with_what_was_looked_at(desk):
    """R4."""
    patient = factories.make_patient()
    factories.agree(patient, "servicing")
    held = outbox.post(kind="marketing", body="Come in", dedupe_key="t:1", patient=patient, now=NOON)
    late = outbox.post(
        kind="servicing", body="Hello", dedupe_key="t:2", patient=patient, now=NOON, due_at=NOON + timedelta(hours=12)
    )

    why_held = desk.get(reverse("outreach:message", args=[held.pk])).content.decode()
    why_later = desk.get(reverse("outreach:message", args=[late.pk])).content.decode()

    assert "There is no consent to marketing texts on file" in why_held
    entries = ", ".join(str(entry.pk) for entry in patient.consents.order_by("-pk"))
    assert f"Entries {entries}" in why_held
    assert "TX (America/Chicago)" in why_later
    assert "asked again" in why_later
    assert all(legal_tables.version() in page for page in (why_held, why_later))


def test_the_list_leads_to_the_decisions_of_what_we_sent_and_of_nothing_else(desk):
    text("from us")
    text("from them", kind="inbound")

    page = desk.get(reverse("outreach:messages")).content.decode()

    links = [reverse("outreach:message", args=[row.pk]) in page for row in Message.objects.order_by("pk")]
    assert links == [True, False]


def test_a_text_without_a_decision_says_so(desk):
    text("from them", kind="inbound")

    page = desk.get(reverse("outreach:message", args=[Message.objects.get().pk])).content.decode()

    assert "it came from the patient" in page
