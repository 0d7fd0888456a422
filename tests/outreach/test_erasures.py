"""R125, R127: what was taken out of a text, or came with it, is not left at the carrier either."""

from datetime import timedelta
from urllib.parse import parse_qs

import pytest
import responses

from common import clock
from medspa import tasks
from members.models import Escalation
from outreach import erasures, inbound
from outreach.models import Erasure, HandsetText
from outreach.transports import TransportError, phonebook
from outreach.transports.twilio_sms import TwilioSms
from tests import factories
from tests.doubles.carrier import lost, refusal
from tests.factories import NOON

pytestmark = pytest.mark.django_db

PHONE = "+15125550177"
CARD = "use 4111 1111 1111 1111 please"
ACCOUNT = "AC" + "1" * 32
TEXT = f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Messages/SM1"


def receive(body: str, *, sid: str, media: int = 0, at=NOON):
    inbound.receive(
        sid=sid,
        sender=PHONE,
        recipient="",
        body=body,
        media_count=media,
        opt_out_type="",
        now=at,
    )


@pytest.mark.parametrize(
    ("body", "media", "erased"),
    [(CARD, 0, ["SM1"]), ("see this", 1, ["SM1"]), ("my number is 512-555-0177", 0, []), ("STOP", 0, [])],
)
def test_only_a_text_with_a_card_or_a_picture_is_erased_and_once(carrier, body, media, erased):
    receive(body, sid="SM1", media=media)
    assert carrier.erased == []  # the webhook waits for nobody

    for minute in range(3):
        receive(body, sid="SM1", media=media)  # delivered again (R69)
        erasures.run_due(now=NOON + timedelta(minutes=minute))

    assert carrier.erased == erased


def test_each_part_of_a_card_in_several_texts_is_erased(carrier):
    """R123."""
    receive("4111 1111", sid="SM1")
    receive("1111 1111", sid="SM2", at=NOON + timedelta(minutes=2))

    assert erasures.run_due(now=NOON + timedelta(minutes=2)) == 2
    assert sorted(carrier.erased) == ["SM1", "SM2"]


def test_a_refusal_is_tried_again_a_person_hears_of_the_third_and_it_ends_once_it_is_confirmed(carrier):
    receive(CARD, sid="SM1")
    carrier.failures = [lost(), refusal("20003"), refusal("20003"), refusal("20003")]
    tried, told = [], []

    for minute in range(800):
        left = len(carrier.failures) + (not carrier.erased)
        erasures.run_due(now=NOON + timedelta(minutes=minute))
        if len(carrier.failures) + (not carrier.erased) < left:
            tried.append(minute)
            told.append(Escalation.objects.filter(subject=erasures.SUBJECT).count())

    assert tried == [0, 1, 6, 36, 396]
    assert told == [0, 0, 1, 1, 1]
    assert carrier.erased == ["SM1"]
    assert "20003" in Escalation.objects.get(subject=erasures.SUBJECT).summary


def test_one_that_is_refused_does_not_keep_the_next_one(carrier):
    receive(CARD, sid="SM1")
    receive(f"and {CARD}", sid="SM2")
    carrier.failures = [lost()]

    assert erasures.run_due(now=NOON) == 1
    assert carrier.erased == ["SM2"]


def test_the_demos_carrier_forgets_the_number_by_the_job_of_the_schedule(monkeypatch, settings):
    settings.ROOT_URLCONF = "medspa.urls"
    monkeypatch.setattr(clock, "now", lambda: NOON)
    factories.make_practice()
    phonebook.type_text(PHONE, CARD, NOON)

    tasks.erase_at_carrier()

    assert HandsetText.objects.get(from_handset=True).body == phonebook.ERASED
    assert Erasure.objects.get().erased_at == NOON


@pytest.fixture
def twilio(settings):
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKENS, settings.TWILIO_API_BASE = ACCOUNT, ["token"], ""
    with responses.RequestsMock() as mock:
        yield mock


def test_twilio_blanks_the_words_and_deletes_each_picture(twilio):
    twilio.post(f"{TEXT}.json", json={"sid": "SM1", "body": ""})
    pictures = [{"sid": "ME1", "account_sid": ACCOUNT, "parent_sid": "SM1"}]
    twilio.get(f"{TEXT}/Media.json", json={"media_list": pictures, "next_page_uri": None})
    twilio.delete(f"{TEXT}/Media/ME1.json", status=204)

    TwilioSms().erase("SM1")

    assert parse_qs(twilio.calls[0].request.body, keep_blank_values=True) == {"Body": [""]}
    assert [call.request.method for call in twilio.calls] == ["POST", "GET", "DELETE"]


def test_a_text_that_twilio_does_not_have_any_more_is_erased(twilio):
    twilio.post(f"{TEXT}.json", json={"code": 20404, "message": "Not found", "status": 404}, status=404)

    TwilioSms().erase("SM1")


@pytest.mark.parametrize(
    ("status", "answer", "code"),
    [
        (200, {"sid": "SM1", "body": "still here"}, "not_erased"),
        (403, {"code": 20403, "message": "No.", "status": 403}, "20403"),
        (500, {"code": 20500, "message": "No.", "status": 500}, "20500"),
    ],
)
def test_what_twilio_does_not_confirm_is_not_erased(twilio, status, answer, code):
    twilio.post(f"{TEXT}.json", json=answer, status=status)

    with pytest.raises(TransportError) as error:
        TwilioSms().erase("SM1")

    assert error.value.code == code
