"""R71: a STOP that came while our webhook was down is found by the sweep."""

from datetime import timedelta

import pytest
import responses

from members import consent
from outreach import lost_texts, outbox
from outreach.models import HandsetText, Message
from outreach.transports.twilio_sms import TwilioSms
from tests import factories
from tests.factories import NOON

pytestmark = pytest.mark.django_db


def typed(body, *, sid="SM1", minutes_ago=30):
    """What the carrier has and our webhook never heard of."""
    return HandsetText.objects.create(
        sid=sid,
        handset="+15125551234",
        from_handset=True,
        body=body,
        status="failed",
        created_at=NOON - timedelta(minutes=minutes_ago),
    )


def test_a_stop_that_an_outage_lost_stops_all_texts():
    factories.make_practice()
    patient = factories.make_patient(phone="+15125551234")
    factories.agree(patient)
    typed("STOP")

    assert lost_texts.take_in(now=NOON) == 1
    late = outbox.post(kind="servicing", body="Hi", dedupe_key="late", patient=patient, now=NOON)

    assert consent.is_opted_out(patient.phone, channel="sms")
    assert (late.status, late.reason) == ("held", "The patient opted out of texts.")


def test_what_is_known_is_not_taken_in_again():
    factories.make_practice()
    typed("Do I have a credit?")

    assert [lost_texts.take_in(now=NOON) for _ in range(2)] == [1, 0]
    assert Message.objects.get().wants_answer


def test_one_bad_text_does_not_keep_the_others(monkeypatch):
    factories.make_practice()
    typed("one", sid="SM1", minutes_ago=3)
    typed("two", sid="SM2", minutes_ago=2)
    real = lost_texts.inbound.receive
    monkeypatch.setattr(lost_texts.inbound, "receive", lambda **text: 1 / 0 if text["sid"] == "SM1" else real(**text))

    assert lost_texts.take_in(now=NOON) == 1


@responses.activate
def test_twilio_lists_what_patients_wrote_oldest_first(settings):
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKENS = "AC" + "1" * 32, ["token"]
    rows = [
        {"sid": sid, "from": "+15125551234", "to": "+15125550100", "body": sid, "num_media": "0", "direction": way}
        for sid, way in (("SM3", "inbound"), ("SM2", "outbound-api"), ("SM1", "inbound"))
    ]
    url = f"https://api.twilio.com/2010-04-01/Accounts/{settings.TWILIO_ACCOUNT_SID}/Messages.json"
    responses.get(url, json={"messages": rows, "next_page_uri": None})

    listed = TwilioSms().received(since=NOON)

    assert [text.sid for text in listed] == ["SM1", "SM3"]
