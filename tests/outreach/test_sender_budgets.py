"""What one sender may give to the carrier: a queue of half an hour at its rate (R75), a brand's day (R58)."""

from datetime import UTC, datetime, timedelta

import pytest

from outreach import budgets, outbox
from outreach.models import GateDecision, Message
from tests import factories
from tests.factories import NOON

pytestmark = pytest.mark.django_db

EVENING = datetime(2026, 6, 17, 0, 0, tzinfo=UTC)  # the carriers' next day begins; 19:00 in Austin, still open
MINUTE = timedelta(minutes=1)


def post(kind: str = "servicing", *, key: str, **fields) -> Message:
    patient = factories.make_membership(factories.make_patient(**fields)).patient
    return outbox.post(kind=kind, body="Hello", dedupe_key=key, patient=patient, now=NOON)


def test_what_is_over_the_brands_day_waits_for_the_next_one_and_does_not_fail(carrier, settings):
    """R58."""
    settings.TWILIO_SEGMENTS_A_DAY = 2
    for number in range(3):
        post(key=str(number))

    outbox.send_due(now=NOON)

    assert len(carrier.sent) == 2
    waiting = Message.objects.get(status="queued")
    assert (waiting.due_at, waiting.attempts) == (EVENING, 0)
    assert GateDecision.objects.filter(message=waiting).latest("pk").code == "carrier_budget"
    outbox.send_due(now=EVENING)
    assert len(carrier.sent) == 3


def test_over_the_day_and_outside_the_hours_the_text_waits_for_the_morning(carrier, settings):
    """R58: the carriers' next day begins at 20:00 in Miami, where the window ends."""
    settings.TWILIO_SEGMENTS_A_DAY = 1
    for number in range(2):
        post(key=str(number), phone=f"+1305555014{number}")

    outbox.send_due(now=NOON)

    assert len(carrier.sent) == 1
    assert Message.objects.get(status="queued").due_at == datetime(2026, 6, 17, 14, 0, tzinfo=UTC)


@pytest.mark.parametrize("kind", ["reply", "emergency"])
def test_an_answer_is_counted_and_waits_for_no_room(carrier, settings, kind):
    settings.TWILIO_SEGMENTS_A_DAY = 1
    post(key="first")
    outbox.send_due(now=NOON)

    outbox.send(post(kind, key="answer").pk, now=NOON)

    assert len(carrier.sent) == 2


def test_what_would_wait_at_the_carrier_for_more_than_half_an_hour_waits_here(carrier, settings):
    """R75."""
    settings.TWILIO_SEGMENTS_A_SECOND = 1 / 600  # ten minutes each
    for number in range(4):
        post(key=str(number))

    outbox.send_due(now=NOON)

    assert len(carrier.sent) == 3
    waits = Message.objects.get(status="queued").due_at - NOON
    assert waits.total_seconds() == pytest.approx(600, abs=1)  # a round's own seconds count


def test_a_large_batch_spreads_within_the_senders_rate(settings):
    """R75: by no moment has the sender been given more than its rate allows in half an hour more."""
    settings.TWILIO_SEGMENTS_A_SECOND = 1 / 60
    now = NOON
    for given in range(1, 151):
        while later := budgets.take(sender="s", segments=1, now=now, counts_to_the_day=True):
            assert later > now
            now = later
        assert given <= 30 + (now - NOON) / MINUTE

    assert now - NOON < timedelta(hours=2, minutes=5), "and it does not crawl either"
