"""The Twilio transport, with the real SDK and an answer in place of Twilio's network."""

import base64
import json
import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
import requests
import responses
from urllib3.exceptions import MaxRetryError, NewConnectionError

from outreach import transports
from outreach.transports import TransportError
from outreach.transports.twilio_sms import TwilioSms

ACCOUNT = "AC" + "1" * 32
SERVICE = "MG" + "2" * 32
SID = "SM" + "3" * 32
UUID_ = UUID("6f9619ff-8b86-4d01-b42d-00cf4fc964ff")
MESSAGES = f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
SINCE = datetime(2026, 6, 16, 16, 0, tzinfo=UTC)
SPEC = Path(__file__).resolve().parents[3] / "shared" / "specs" / "twilio_api_v2010.json"

MESSAGE: dict[str, Any] = {
    "account_sid": ACCOUNT,
    "api_version": "2010-04-01",
    "body": "Hello from Glow Theory",
    "date_created": "Tue, 16 Jun 2026 16:00:05 +0000",
    "date_sent": None,
    "date_updated": "Tue, 16 Jun 2026 16:00:05 +0000",
    "direction": "outbound-api",
    "error_code": None,
    "error_message": None,
    "from": None,
    "num_media": "0",
    "num_segments": "0",
    "price": None,
    "price_unit": None,
    "messaging_service_sid": SERVICE,
    "sid": SID,
    "status": "accepted",
    "subresource_uris": {"media": f"/2010-04-01/Accounts/{ACCOUNT}/Messages/{SID}/Media.json"},
    "to": "+15125550142",
    "uri": f"/2010-04-01/Accounts/{ACCOUNT}/Messages/{SID}.json",
}


@pytest.fixture(autouse=True)
def _live_settings(settings):
    settings.PUBLIC_BASE_URL = "https://members.glow.example"
    settings.TWILIO_ACCOUNT_SID = ACCOUNT
    settings.TWILIO_AUTH_TOKENS = ["primary-token", "secondary-token"]
    settings.TWILIO_MESSAGING_SERVICE_SID = SERVICE
    settings.TWILIO_FROM_NUMBER = ""
    settings.TWILIO_API_BASE = ""


@pytest.fixture
def twilio():
    with responses.RequestsMock() as mock:
        yield mock


def send(valid_seconds: int | None = 3600) -> transports.Receipt:
    return TwilioSms().send(
        to="+15125550142", body="Hello from Glow Theory", message_uuid=UUID_, valid_seconds=valid_seconds
    )


def sent_form(twilio: responses.RequestsMock) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(twilio.calls[0].request.body).items()}


def test_a_text_goes_out_by_the_messaging_service_with_our_callback(twilio):
    """R76: at once, with no SendAt."""
    twilio.post(MESSAGES, json=MESSAGE, status=201)

    receipt = send()

    assert receipt == transports.Receipt(SID, "accepted")
    assert sent_form(twilio) == {
        "To": "+15125550142",
        "Body": "Hello from Glow Theory",
        "MessagingServiceSid": SERVICE,
        "StatusCallback": f"https://members.glow.example/webhooks/twilio/status/{UUID_}/",
        "ValidityPeriod": "3600",
    }


def test_the_primary_token_signs_the_call(twilio):
    twilio.post(MESSAGES, json=MESSAGE, status=201)

    send()

    expected = base64.b64encode(f"{ACCOUNT}:primary-token".encode()).decode()
    assert twilio.calls[0].request.headers["Authorization"] == f"Basic {expected}"


def test_without_a_messaging_service_the_number_is_the_sender(twilio, settings):
    settings.TWILIO_MESSAGING_SERVICE_SID = ""
    settings.TWILIO_FROM_NUMBER = "+15125550100"
    twilio.post(MESSAGES, json=MESSAGE, status=201)

    send(valid_seconds=None)

    form = sent_form(twilio)
    assert form["From"] == "+15125550100"
    assert "MessagingServiceSid" not in form
    assert "ValidityPeriod" not in form


@pytest.mark.parametrize(("service", "number"), [(SERVICE, ""), (SERVICE, "+15125550100"), ("", "+15125550100")])
def test_ten_texts_have_one_sender(twilio, settings, service, number):
    """R57: by the service, Twilio keeps to the number that the patient knows; we never name another one."""
    settings.TWILIO_MESSAGING_SERVICE_SID, settings.TWILIO_FROM_NUMBER = service, number
    twilio.post(MESSAGES, json=MESSAGE, status=201)

    for _ in range(10):
        send()

    forms = [parse_qs(call.request.body) for call in twilio.calls]
    senders = {(form.get("MessagingServiceSid", [""])[0], form.get("From", [""])[0]) for form in forms}
    assert len(forms) == 10
    assert senders == {(service, "" if service else number)}


@pytest.mark.parametrize(("asked", "given"), [(0, "1"), (90_000, "36000")])
def test_the_validity_period_stays_in_twilios_range(twilio, asked, given):
    twilio.post(MESSAGES, json=MESSAGE, status=201)

    send(valid_seconds=asked)

    assert sent_form(twilio)["ValidityPeriod"] == given


def test_an_emulator_can_stand_in_for_twilio(twilio, settings):
    settings.TWILIO_API_BASE = "http://127.0.0.1:4013/"
    twilio.post(f"http://127.0.0.1:4013/2010-04-01/Accounts/{ACCOUNT}/Messages.json", json=MESSAGE, status=201)

    assert send().sid == SID


@pytest.mark.parametrize(
    ("status", "code", "permanent", "accepted"),
    [
        (400, 21610, True, False),  # R80: unsubscribed
        (400, 21211, True, False),  # not a number
        (400, 21614, True, False),  # not a mobile
        (400, 21408, True, False),  # country not permitted
        (401, 20003, True, False),  # our credentials
        (400, 21611, False, False),  # queue full: later
        (429, 20429, False, False),  # too many requests: not processed
        (500, 20500, False, None),  # R73: unknown outcome
        (503, 20503, False, None),
    ],
)
def test_each_refusal_says_whether_to_retry_and_whether_it_was_sent(twilio, status, code, permanent, accepted):
    """R80, R73."""
    twilio.post(MESSAGES, json={"code": code, "message": "No.", "more_info": "", "status": status}, status=status)

    with pytest.raises(TransportError) as error:
        send()

    assert (error.value.code, error.value.permanent, error.value.accepted) == (str(code), permanent, accepted)


def test_a_refusal_in_the_new_error_format_is_understood(twilio):
    problem = {
        "type": "https://www.twilio.com/docs/errors/21610",
        "title": "Unsubscribed",
        "status": 400,
        "code": 21610,
    }
    twilio.post(MESSAGES, json=problem, status=400)

    with pytest.raises(TransportError) as error:
        send()

    assert (error.value.code, error.value.permanent) == ("21610", True)


def test_a_gateway_page_instead_of_json_is_an_unknown_outcome(twilio):
    twilio.post(MESSAGES, body="<html>Bad gateway</html>", status=502)

    with pytest.raises(TransportError) as error:
        send()

    assert (error.value.code, error.value.accepted) == ("502", None)


@pytest.mark.parametrize("body", ["{not json", "[]", "{}", '"ok"'])
def test_a_success_that_cannot_be_read_is_an_unknown_outcome(twilio, body):
    """R73: the text may be on its way."""
    twilio.post(MESSAGES, body=body, status=201)

    with pytest.raises(TransportError) as error:
        send()

    assert (error.value.code, error.value.permanent, error.value.accepted) == ("bad_answer", False, None)


@pytest.mark.parametrize(
    ("failure", "code", "accepted"),
    [
        (requests.ReadTimeout(), "timeout", None),
        (requests.ConnectTimeout(), "unreachable", False),
        (requests.ConnectionError(MaxRetryError(None, "/", NewConnectionError(None, "refused"))), "unreachable", False),
        (requests.ConnectionError("Connection aborted."), "connection_lost", None),
    ],
)
def test_silence_is_only_taken_for_unsent_when_no_connection_was_made(twilio, failure, code, accepted):
    """R73."""
    twilio.post(MESSAGES, body=failure)

    with pytest.raises(TransportError) as error:
        send()

    assert (error.value.code, error.value.permanent, error.value.accepted) == (code, False, accepted)


def listed(twilio: responses.RequestsMock, *messages: dict[str, Any]) -> None:
    page = {"messages": list(messages), "page": 0, "page_size": 50, "next_page_uri": None, "uri": "/", "start": 0}
    twilio.get(MESSAGES, json=page, status=200)


def test_a_lost_answer_is_looked_up_by_number_and_body(twilio):
    """R73."""
    listed(twilio, MESSAGE | {"body": "Another text", "sid": "SM" + "4" * 32}, MESSAGE | {"status": "sent"})

    receipt = TwilioSms().find(to="+15125550142", body="Hello from Glow Theory", since=SINCE)

    assert receipt == transports.Receipt(SID, "sent")
    query = parse_qs(urlsplit(twilio.calls[0].request.url).query)
    assert query["To"] == ["+15125550142"]
    # Twilio filters by the day on which a text left its queue: one that still waits there would not be found,
    # be taken for lost, and be sent a second time.
    assert "DateSent>" not in query


def test_the_same_words_sent_before_the_attempt_are_not_it(twilio):
    listed(twilio, MESSAGE | {"date_created": "Tue, 16 Jun 2026 09:00:00 +0000"})

    assert TwilioSms().find(to="+15125550142", body="Hello from Glow Theory", since=SINCE) is None


def test_a_refused_look_up_never_reads_as_unsent(twilio):
    twilio.get(MESSAGES, json={"code": 20429, "message": "Too many", "status": 429}, status=429)

    with pytest.raises(TransportError) as error:
        TwilioSms().find(to="+15125550142", body="Hello from Glow Theory", since=SINCE)

    assert (error.value.accepted, error.value.permanent) == (None, False)


@pytest.mark.parametrize("status", [201, 400])
def test_nothing_about_the_patient_is_logged_or_named_in_the_error(twilio, caplog, status):
    """R119."""
    caplog.set_level(logging.INFO)
    refusal = {"code": 21211, "message": "Invalid 'To': +15125550142", "status": 400}
    twilio.post(MESSAGES, json=MESSAGE if status == 201 else refusal, status=status)

    try:
        send()
        told = ""
    except TransportError as error:
        told = f"{error} {error.__cause__}"

    assert "5550142" not in caplog.text + told
    assert "Hello" not in caplog.text + told


@pytest.mark.skipif(not SPEC.exists(), reason="Twilio's published description is not beside the repository")
def test_what_the_sdk_sends_and_what_we_pretend_it_answers_fit_twilios_description(twilio):
    import jsonschema_rs

    spec = json.loads(SPEC.read_text())
    operation = spec["paths"]["/2010-04-01/Accounts/{AccountSid}/Messages.json"]["post"]
    request = operation["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]
    answer = spec["components"]["schemas"]["api.v2010.account.message"]
    twilio.post(MESSAGES, json=MESSAGE, status=201)

    send()

    form: dict[str, Any] = sent_form(twilio)
    form["ValidityPeriod"] = int(form["ValidityPeriod"])
    components = {"components": spec["components"]}
    jsonschema_rs.validate({**request, "additionalProperties": False, **components}, form)
    nullable = {name: value for name, value in MESSAGE.items() if value is not None}
    jsonschema_rs.validate({**answer, "additionalProperties": False, **components}, nullable)
