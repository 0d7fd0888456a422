"""Hours of a carrier that is too busy, broken or silent: each text goes out at most once, and none is lost unseen."""

import random

import pytest

from members.models import Escalation
from outreach import outbox, transports
from outreach.models import Message
from outreach.transports import TransportError
from tests import factories
from tests.doubles.carrier import Carrier, lost

pytestmark = pytest.mark.django_db

TEXTS = 12


def busy() -> TransportError:
    return TransportError("Too many requests.", code="20429", permanent=False, accepted=False)


def broken() -> TransportError:
    return TransportError("Twilio answered 503.", code="503", permanent=False, accepted=None)


@pytest.fixture
def carrier(monkeypatch):
    carrier = Carrier()
    monkeypatch.setattr(transports, "sms", lambda: carrier)
    return carrier


def post_to_all(now) -> None:
    for number in range(TEXTS):
        patient = factories.make_patient(f"Patient{number}")
        outbox.post(kind="reply", body=f"For {number}", dedupe_key=str(number), patient=patient, now=now)


def hours(time, count: int) -> None:
    for _ in range(count * 4):
        time.goes_on(minutes=15)
        outbox.recover_stuck(now=time.now)
        outbox.send_due(now=time.now)


@pytest.mark.parametrize(
    ("storm", "kept"),
    [([busy], False), ([broken, lost], False), ([broken, lost], True), ([busy, broken, lost], True)],
    ids=["429", "nothing arrives, no answer", "all arrives, no answer", "mixed"],
)
def test_after_a_storm_each_text_is_out_once_or_with_a_person(carrier, time, storm, kept):
    """R73: what may have gone out is looked up first, and sent again at most once."""
    chance = random.Random(11)
    carrier.failures = [chance.choice(storm)() for _ in range(TEXTS * 2)]
    carrier.keeps_what_it_fails = kept and busy not in storm
    post_to_all(time.now)

    hours(time, 6)

    out = [to for to, _ in carrier.sent]
    states = set(Message.objects.values_list("status", flat=True))
    given_up = set(Message.objects.filter(status="failed").values_list("address", flat=True))
    told = set(Escalation.objects.values_list("phone", flat=True))
    assert len(out) == len(set(out))
    assert states <= {"sent", "failed"}
    assert len(set(out) | given_up) == TEXTS
    assert given_up <= told


def test_a_carrier_that_stays_silent_all_day_is_told_of_and_gets_nothing_twice(carrier, time):
    carrier.can_look_up = False
    carrier.failures = [lost() for _ in range(TEXTS)]
    post_to_all(time.now)

    hours(time, 3)

    assert carrier.sent == []
    assert set(Message.objects.values_list("status", flat=True)) == {"failed"}
    assert Escalation.objects.values("phone").distinct().count() == TEXTS
