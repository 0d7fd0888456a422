"""E-mail: what it says and carries, what a mail server's refusals do, what patients write back."""

import base64
import json
import smtplib

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend

from common import clock
from members import consent, links
from members.models import Escalation, PatientLink
from outreach import doubt, outbox
from outreach.models import HandsetMail, Message, Suppression
from tests import factories
from tests.conftest import run_queued_tasks
from tests.factories import NOON

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _noon(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOON)


@pytest.fixture
def provider(settings):
    settings.MAIL_PROVIDER, settings.MAIL_WEBHOOK_SECRET = "postmark", "mail:secret"


def send(kind="servicing", patient=None):
    factories.make_practice()
    patient = patient or factories.make_patient()
    message = outbox.post(
        kind=kind,
        channel="email",
        body="Hi Ana, your membership renews on Jul 1. Reply STOP to opt out.",
        dedupe_key="mail",
        patient=patient,
        address=patient.email,
        now=NOON,
    )
    run_queued_tasks()
    message.refresh_from_db()
    return message


def post(client, door, body, secret="mail:secret"):
    login = base64.b64encode(secret.encode()).decode()
    return client.post(door, json.dumps(body), "application/json", headers={"Authorization": f"Basic {login}"})


def test_an_email_is_neutral_outside_and_carries_its_way_out_and_the_address(client):
    """R39, R108, RFC 8058."""
    message = send()

    [letter] = mail.outbox
    assert (message.status, letter.subject) == ("sent", "A message from Glow Theory")
    assert letter.extra_headers["Message-ID"] == f"<{message.uuid}@testserver>"
    assert letter.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message.patient.home_location.street in letter.body
    assert "STOP" not in letter.body
    assert letter.alternatives[0].mimetype == "text/html"
    way_out = letter.extra_headers["List-Unsubscribe"].strip("<>").removeprefix("http://testserver")
    assert client.post(way_out, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert consent.is_opted_out(message.address, channel="email")


def test_a_members_email_leads_to_the_page_where_each_kind_can_be_stopped(client):
    """R97, R99: a notice has the one-click way out and the choices, whatever it is about."""
    membership = factories.make_membership()

    send("notice", membership.patient)

    [letter] = mail.outbox
    link = PatientLink.objects.get(purpose="preferences")
    assert links.url(link) in letter.body
    assert links.url(link) in letter.alternatives[0].content
    assert letter.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    page = client.get(links.url(link).removeprefix("http://testserver"))
    assert "Offers and news" in page.content.decode()


def test_somebody_without_a_membership_gets_no_link_to_choices():
    send()

    assert "Choose what you get" not in mail.outbox[0].body


def test_a_notice_that_the_law_asks_for_goes_out_all_the_same():
    """R103."""
    patient = factories.make_patient()
    consent.opt_out(address=patient.email, channel="email", wording="x", source="e-mail link", now=NOON)

    assert send("notice", patient).status == "sent"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (smtplib.SMTPRecipientsRefused({"x@y.example": (550, b"unknown")}), "failed"),
        (smtplib.SMTPRecipientsRefused({"x@y.example": (450, b"later")}), "queued"),
        (smtplib.SMTPDataError(554, b"no"), "failed"),
        (smtplib.SMTPServerDisconnected("gone"), "unknown"),
        (TimeoutError(), "unknown"),
    ],
)
def test_each_answer_of_a_mail_server_has_its_outcome(monkeypatch, error, status):
    def fail(self, messages):
        raise error

    monkeypatch.setattr(EmailBackend, "send_messages", fail)

    assert send().status == status
    assert Suppression.objects.filter(channel="email").exists() == ("550" in str(error))


def test_the_demos_inbox_shows_it_and_answers_what_became_of_it(settings):
    settings.EMAIL_BACKEND = "outreach.transports.mailbox.Mailbox"

    message = send()

    assert HandsetMail.objects.get().address == message.address
    Message.objects.update(status="unknown", provider_status="")
    outbox.recover_stuck(now=NOON + doubt._LONGEST_DOUBT)
    message.refresh_from_db()
    assert message.status == "sent"
    assert HandsetMail.objects.count() == 1


@pytest.mark.usefixtures("provider")
@pytest.mark.parametrize("kind", ["HardBounce", "SpamComplaint"])
def test_a_bounce_makes_the_address_bad_and_a_complaint_is_an_opt_out(client, kind):
    message = send()
    record = "Bounce" if kind == "HardBounce" else kind
    body = {"RecordType": record, "Type": kind, "Email": message.address, "ID": 1}

    assert post(client, "/webhooks/mail/events/", body).status_code == 204

    assert Suppression.objects.filter(address=message.address).exists() == (kind == "HardBounce")
    assert consent.is_opted_out(message.address, channel="email") == (kind == "SpamComplaint")


@pytest.mark.usefixtures("provider")
@pytest.mark.parametrize(
    ("words", "mail_off", "texts_off", "reason"),
    [
        ("Unsubscribe", True, False, None),
        ("STOP", True, True, None),
        ("Please cancel my membership", False, False, "cancellation"),
        ("My card is 4111 1111 1111 1111", False, False, "question"),
        ("I can't breathe", False, False, "emergency"),
    ],
)
def test_what_patients_write_back_reaches_the_same_pipeline(client, words, mail_off, texts_off, reason):
    """R30, R123; settled.md: unsubscribe and cancellation by e-mail."""
    factories.make_practice()
    patient = factories.make_patient()
    letter = {"FromFull": {"Email": patient.email, "Name": ""}, "Subject": "", "TextBody": words, "MessageID": "m1"}

    for _ in range(2):
        assert post(client, "/webhooks/mail/inbound/", letter).status_code == 204

    [message] = Message.objects.filter(direction="in")
    assert "4111 1111" not in message.body
    assert consent.is_opted_out(patient.email, channel="email") == mail_off
    assert consent.is_opted_out(patient.phone, channel="sms") == texts_off
    assert list(Escalation.objects.values_list("reason", flat=True)) == ([reason] if reason else [])


@pytest.mark.usefixtures("provider")
@pytest.mark.parametrize("door", ["events", "inbound"])
def test_no_door_of_the_mail_opens_without_the_secret(client, door):
    assert post(client, f"/webhooks/mail/{door}/", {}, secret="mail:guess").status_code == 403
