"""The door for inbound texts: signed, stored once, quick, and never broken by what comes in."""

import pytest
from django.test import Client
from django.urls import reverse

from common import doors
from concierge.models import Turn
from members.models import Escalation
from outreach.models import Message
from outreach.transports import signatures

QUESTION = "Do I still have my facial credit?"

pytestmark = pytest.mark.django_db


def form(phone, body=QUESTION, *, sid="SM1", **fields):
    return {"MessageSid": sid, "From": phone, "To": "+15125550100", "Body": body, "NumMedia": "0", **fields}


def post(fields, *, signature=None):
    signed = signatures.sign(doors.TWILIO_SMS, fields) if signature is None else signature
    return Client(raise_request_exception=False).post(doors.TWILIO_SMS, fields, headers={"X-Twilio-Signature": signed})


def test_the_address_is_the_public_one():
    assert reverse("concierge:sms_webhook") == "/webhooks/twilio/sms/"


def test_a_signed_text_is_stored_acknowledged_with_empty_twiml_and_answered_by_a_task(ana, drain):
    """R70: the door waits for no answer; that one comes with the queue."""
    response = post(form(ana.phone))

    assert (response.status_code, response["Content-Type"]) == (200, "text/xml")
    assert "<Response" in response.content.decode()
    assert "<Message" not in response.content.decode()
    assert not Turn.objects.exists()
    drain()
    assert Turn.objects.get().decision == "reply"
    assert Message.objects.get(direction="out").status == "delivered"


@pytest.mark.parametrize("signature", ["", "AAAA", "é" * 28])
def test_an_unsigned_text_is_refused_and_not_kept(ana, signature):
    """R66."""
    response = post(form(ana.phone), signature=signature.encode("latin-1", "replace").decode("latin-1"))

    assert response.status_code == 403
    assert not Message.objects.exists()


def test_a_text_changed_on_its_way_is_refused(ana):
    signature = signatures.sign(doors.TWILIO_SMS, form(ana.phone))

    assert post(form(ana.phone, "STOP"), signature=signature).status_code == 403


def test_a_replay_is_acknowledged_and_answered_once(ana, drain):
    """R69."""
    statuses = [post(form(ana.phone)).status_code for _ in range(3)]
    drain()

    assert statuses == [200, 200, 200]
    assert Message.objects.filter(direction="in").count() == 1
    assert Message.objects.filter(direction="out").count() == 1


@pytest.mark.parametrize("missing", ["MessageSid", "From"])
def test_without_twilios_fields_the_reason_is_told(ana, missing):
    fields = form(ana.phone)
    del fields[missing]

    response = post(fields)

    assert (response.status_code, response.content.decode()) == (400, f"{missing} is missing.")


def test_an_empty_form_is_not_a_text(db):
    assert post({}).status_code == 400


def test_reading_the_address_is_not_allowed(db):
    assert Client().get(doors.TWILIO_SMS).status_code == 405


@pytest.mark.parametrize("sender", ["12345", "+442071838750", "GLOWSPA", "not a number", "+1512555", "😀"])
def test_a_sender_that_is_no_us_number_is_stored_and_not_answered(ana, drain, sender):
    """R77."""
    response = post(form(sender))
    drain()

    assert response.status_code == 200
    assert Message.objects.get().wants_answer is False
    assert not Turn.objects.exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Body", ""),
        ("Body", "x" * 1_600),
        ("Body", "x" * 5_000),
        ("Body", "😀" * 500),
        ("Body", "a\x00b\x07c"),
        ("Body", "\u202e\ufeff\u200b\u0301"),
        ("NumMedia", "3"),
        ("NumMedia", "-1"),
        ("NumMedia", "many"),
        ("NumMedia", "٣"),
        ("NumMedia", "99999999999999999999"),
        ("MessageSid", "S" * 500),
        ("OptOutType", "NONSENSE"),
        ("To", "x" * 500),
    ],
)
def test_odd_values_never_break_the_door(ana, drain, name, value):
    response = post(form(ana.phone, **{name: value}) if name != "Body" else form(ana.phone, value))
    drain()

    assert response.status_code == 200
    assert Turn.objects.get().finished_at
    assert "\x00" not in Message.objects.get(direction="in").body


def test_a_body_that_is_left_out_is_an_empty_text(ana):
    fields = form(ana.phone)
    del fields["Body"]

    assert post(fields).status_code == 200


def test_broken_bytes_are_refused_or_stored_but_never_break_the_door(ana):
    for body in (b"\xff\xfe%00", b"Body=%ff%fe&From=%2B1", b"&&&=;=&%zz"):
        response = Client(raise_request_exception=False).post(
            doors.TWILIO_SMS,
            body,
            content_type="application/x-www-form-urlencoded",
            headers={"X-Twilio-Signature": "x"},
        )

        assert response.status_code in (400, 403)


def test_a_keyword_that_twilio_answered_gets_no_second_answer(ana, drain):
    """R62."""
    post(form(ana.phone, "STOP", OptOutType="STOP"))
    drain()

    assert not Message.objects.filter(direction="out").exists()
    assert not Turn.objects.exists()


def test_a_card_number_never_reaches_the_database(ana, drain):
    """R124."""
    post(form(ana.phone, "charge 4111-1111-1111-1111 please"))
    drain()

    stored = " ".join(
        [*Message.objects.values_list("body", flat=True), *Escalation.objects.values_list("summary", flat=True)]
    )
    assert "•••• 1111" in stored or "••••1111" in stored
    assert "4111" not in stored
