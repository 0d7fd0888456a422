"""Texts and calls against a whole Twilio, not of our making: real SDK, real HTTP both ways, its own signatures."""

import logging
import os
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest
import requests

from common import clock, doors
from members.models import ConsentEntry, Patient
from outreach import outbox, playbooks, standing_texts
from outreach.models import Call, Message
from outreach.transports import signatures
from tests import factories
from tests.conftest import run_queued_tasks
from tests.doubles import emulated_twilio
from tests.doubles.emulated_twilio import EmulatedTwilio
from tests.factories import NOON

pytestmark = [pytest.mark.loopback, pytest.mark.django_db(transaction=True)]

MEMBERS, LEAVERS = 200, 10
# The first kind is answered by Twilio itself, so that we say nothing more (R62); the second one is ours to confirm.
STOPS = ("STOP", "Please stop texting me")
EVERY_KIND = ("servicing", "marketing", "notice", "reply", "confirmation", "staff")


@pytest.fixture(scope="module")
def emulator() -> Iterator[EmulatedTwilio]:
    """Skipped where npm's registry is out of reach, but never in CI."""
    try:
        emulated_twilio.installed()
    except emulated_twilio.CannotInstall as error:
        if os.environ.get("MEDSPA_EMULATOR") == "required":
            raise
        pytest.skip(f"the emulator could not be installed: {error}")
    with EmulatedTwilio() as running:
        yield running


@pytest.fixture
def twilio(emulator, live_server, settings, monkeypatch, caplog) -> EmulatedTwilio:
    monkeypatch.setattr(clock, "now", lambda: NOON)
    caplog.set_level(logging.WARNING, logger="django.request")
    settings.PUBLIC_BASE_URL = live_server.url
    settings.TWILIO_API_BASE = emulator.base
    settings.TWILIO_ACCOUNT_SID = emulated_twilio.ACCOUNT
    settings.TWILIO_AUTH_TOKENS = [emulated_twilio.TOKEN]
    settings.TWILIO_MESSAGING_SERVICE_SID = ""
    settings.TWILIO_FROM_NUMBER = emulated_twilio.NUMBER
    emulator.point_number_at(live_server.url, texts=doors.TWILIO_SMS, calls=doors.TWILIO_CALL)
    playbooks.install()
    return emulator


def members(number: int) -> list[Patient]:
    made = [factories.make_patient(f"Patient{place}") for place in range(number)]
    for patient in made:
        factories.agree(patient)
    return made


def write(patient: Patient, kind: str, words: str, due_in: timedelta = timedelta()) -> Message:
    return outbox.post(
        kind=kind,
        body=f"{words}, {patient.first_name}",
        dedupe_key=f"{words}:{kind}:{patient.pk}",
        patient=patient,
        due_at=NOON + due_in,
        now=NOON,
    )


def work(texts: int = MEMBERS) -> None:
    """What the worker does meanwhile."""
    run_queued_tasks(limit=2 * texts + 50)


def refused_by_us(caplog) -> list[str]:
    """Requests of the last moments that we answered with an error."""
    return [line.getMessage() for line in caplog.records if line.name == "django.request"]


def test_two_hundred_texts_go_out_their_callbacks_come_in_and_nothing_follows_a_stop(twilio, caplog):
    """R2, R28, R66, R72: two hundred members; twenty of them write STOP while another text of theirs is waiting."""
    everybody = members(MEMBERS)
    leavers, others = everybody[:LEAVERS], everybody[LEAVERS:]
    for patient in everybody:
        write(patient, "servicing", "Hello")
    work()
    sent = list(Message.objects.filter(direction="out"))
    assert Counter(message.status for message in sent) == {"sent": MEMBERS}
    assert len({message.provider_sid for message in sent}) == MEMBERS

    for message in sent:
        twilio.text_becomes(message.provider_sid, "delivered")

    assert Message.objects.filter(status="delivered", delivered_at=NOON).count() == MEMBERS

    waiting = [write(patient, "reply", "Wait", timedelta(minutes=1)) for patient in (*leavers, *others[:LEAVERS])]
    for place, patient in enumerate(leavers):
        twilio.receives(patient.phone, STOPS[place % 2])
    work()
    outbox.send_due(now=NOON + timedelta(minutes=2))
    for patient in leavers:
        for kind in EVERY_KIND:
            write(patient, kind, "After")
    work(LEAVERS * len(EVERY_KIND))
    outbox.send_due(now=NOON + timedelta(minutes=3))

    for place, patient in enumerate(leavers):
        confirmed_by_us = [standing_texts.opted_out(patient)] * (place % 2)
        assert twilio.texts_to(patient.phone) == [f"Hello, {patient.first_name}", *confirmed_by_us]
    for patient in others[:LEAVERS]:
        assert twilio.texts_to(patient.phone) == [f"Hello, {patient.first_name}", f"Wait, {patient.first_name}"]
    assert ConsentEntry.objects.filter(act="opt_out", channel="sms").count() == LEAVERS
    for message in waiting[:LEAVERS]:
        message.refresh_from_db()
        assert (message.status, message.reason) == ("dropped", "The patient opted out of texts.")
    # All that the carrier ever had: greetings, STOPs, our confirmations of half of them, what the others waited for.
    assert twilio.number_of_texts() == MEMBERS + LEAVERS + LEAVERS // 2 + LEAVERS
    assert refused_by_us(caplog) == []


def test_a_webhook_that_twilio_did_not_sign_is_refused(twilio, caplog, live_server):
    """The other half of the proof: the doors of the test above do look at the signature."""
    [patient] = members(1)
    message = write(patient, "servicing", "Hello")
    work()

    forged = requests.post(
        live_server.url + doors.TWILIO_STATUS.format(uuid=message.uuid),
        data={"MessageSid": "SM1", "MessageStatus": "delivered"},
        headers={"X-Twilio-Signature": "forged"},
        timeout=10,
    )

    message.refresh_from_db()
    assert (forged.status_code, message.status) == (403, "sent")
    assert refused_by_us(caplog) == [f"Forbidden: {doors.TWILIO_STATUS.format(uuid=message.uuid)}"]


def test_a_text_whose_answer_was_lost_is_found_at_twilio_and_not_sent_again(twilio):
    """R73."""
    [patient] = members(1)
    message = write(patient, "servicing", "Hello")
    work()
    sid = Message.objects.get(pk=message.pk).provider_sid
    Message.objects.filter(pk=message.pk).update(status="unknown", provider_sid="", provider_status="")

    outbox.recover_stuck(now=NOON + timedelta(hours=1))

    message.refresh_from_db()
    assert (message.status, message.provider_sid) == ("sent", sid)
    assert twilio.texts_to(patient.phone) == [f"Hello, {patient.first_name}"]


def test_a_call_goes_out_is_answered_and_ends_and_a_patients_call_is_taken(twilio, caplog, live_server):
    """R41, R42, R66."""
    [patient] = members(1)
    factories.agree(patient, "automated_voice", channel="voice")
    message = outbox.post(
        kind="servicing", channel="voice", body="Call her.", dedupe_key="call", patient=patient, now=NOON
    )
    work()
    [placed] = twilio.calls_to(patient.phone)
    assert Message.objects.get(pk=message.pk).provider_status == "sending"  # the carrier's word for it is "ringing"

    twilio.call_becomes(placed["sid"], "in-progress")
    answered = doors.TWILIO_CALL_ANSWERED.format(uuid=message.uuid)
    form = {"CallSid": placed["sid"], "CallStatus": "in-progress", "AnsweredBy": "human"}
    # The emulator fetches no TwiML for a call of ours: the one request that we play for it.
    heard = requests.post(
        live_server.url + answered,
        data=form,
        headers={"X-Twilio-Signature": signatures.sign(answered, form)},
        timeout=10,
    ).text
    twilio.call_becomes(placed["sid"], "completed")
    twilio.is_called(patient.phone)

    message.refresh_from_db()
    assert "automated call from Glow Theory" in heard
    assert (message.status, message.provider_sid) == ("delivered", placed["sid"])
    theirs = Call.objects.get(message=None)
    assert (theirs.patient, theirs.ended_at) == (patient, None)
    assert refused_by_us(caplog) == []
