"""R66, R69, R72: the carrier's status door."""

from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from common import doors
from outreach import outbox
from outreach.models import Message
from outreach.transports import signatures
from tests import factories
from tests.factories import NOON

pytestmark = pytest.mark.django_db


@pytest.fixture
def message() -> Message:
    membership = factories.make_membership()
    message = outbox.post(kind="reply", body="Hello", dedupe_key="k", patient=membership.patient, now=NOON)
    Message.objects.update(status="sending", claimed_at=NOON)
    return message


def tell(uuid, form: dict[str, str], *, signature: str | None = None):
    path = doors.TWILIO_STATUS.format(uuid=uuid)
    signed = signatures.sign(path, form) if signature is None else signature
    return Client(enforce_csrf_checks=True).post(path, form, headers={"X-Twilio-Signature": signed})


def test_the_door_is_where_the_transport_says_it_is(message):
    assert reverse("outreach:status", args=[message.uuid]) == doors.TWILIO_STATUS.format(uuid=message.uuid)


def test_a_signed_status_is_taken_in(message):
    answer = tell(message.uuid, {"MessageSid": "SM1", "MessageStatus": "delivered"})

    message.refresh_from_db()
    assert (answer.status_code, answer.content) == (204, b"")
    assert (message.status, message.provider_sid) == ("delivered", "SM1")


def test_the_error_code_comes_along(message):
    tell(message.uuid, {"MessageSid": "SM1", "MessageStatus": "undelivered", "ErrorCode": "30006"})

    message.refresh_from_db()
    assert (message.status, message.error_code) == ("undelivered", "30006")


@pytest.mark.parametrize("signature", ["", "forged"])
def test_an_unsigned_or_forged_status_is_refused(message, signature):
    answer = tell(message.uuid, {"MessageSid": "SM1", "MessageStatus": "delivered"}, signature=signature)

    message.refresh_from_db()
    assert answer.status_code == 403
    assert message.status == "sending"


def test_a_signature_for_another_message_does_not_fit(message):
    form = {"MessageSid": "SM1", "MessageStatus": "delivered"}
    elsewhere = signatures.sign(doors.TWILIO_STATUS.format(uuid=uuid4()), form)

    assert tell(message.uuid, form, signature=elsewhere).status_code == 403


def test_a_message_we_do_not_know_is_answered_all_the_same():
    factories.make_practice()

    assert tell(uuid4(), {"MessageSid": "SM1", "MessageStatus": "delivered"}).status_code == 204


@pytest.mark.parametrize("form", [{}, {"MessageStatus": ""}, {"MessageStatus": "☃"}, {"MessageSid": "x" * 500}])
def test_an_odd_form_is_no_error(message, form):
    assert tell(message.uuid, form).status_code == 204


def test_only_post_is_spoken(message):
    assert Client().get(doors.TWILIO_STATUS.format(uuid=message.uuid)).status_code == 405


def test_a_malformed_id_is_not_found():
    assert Client().post("/webhooks/twilio/status/not-a-uuid/").status_code == 404
