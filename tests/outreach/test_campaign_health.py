"""R59: too many opt-outs or filtered texts stop the sequence, and only it."""

from datetime import timedelta

import pytest

from members import consent
from members.models import Escalation
from outreach import campaign_health, playbooks, switches
from outreach.models import Enrolment, KillSwitch, Message, Sequence
from tests import factories
from tests.factories import NOON

pytestmark = pytest.mark.django_db


def sent(slug: str, count: int, **fields) -> list[Message]:
    """So many texts of one sequence, an hour ago."""
    playbooks.install()
    sequence, at = Sequence.objects.get(slug=slug), NOON - timedelta(hours=1)
    enrolment = Enrolment.objects.create(
        sequence=sequence, membership=factories.make_membership(), cause=slug, started_at=at, next_at=at
    )
    values = {"direction": "out", "kind": "marketing", "status": "delivered", "body": "Hi", "created_at": at}
    return Message.objects.bulk_create(
        Message(
            **values,
            due_at=at,
            sent_at=at,
            claimed_at=at,
            enrolment=enrolment,
            address=f"+1{len(slug):03d}555{place:04d}",
            **fields,
        )
        for place in range(count)
    )


def opt_out(messages: list[Message], count: int) -> None:
    for message in messages[:count]:
        consent.opt_out(address=message.address, channel="sms", wording="STOP", source="text", now=NOON)


@pytest.mark.parametrize(
    ("texts", "opt_outs", "stopped"), [(100, 3, False), (100, 4, True), (99, 50, False), (200, 6, False)]
)
def test_more_than_three_percent_of_a_hundred_texts(texts, opt_outs, stopped):
    opt_out(sent("win_back", texts), opt_outs)

    assert campaign_health.check(now=NOON) == int(stopped)


def test_more_than_two_percent_filtered():
    messages = sent("upgrade", 100)
    Message.objects.filter(pk__in=[message.pk for message in messages[:3]]).update(error_code="30007")

    assert campaign_health.check(now=NOON) == 1


def test_only_that_sequence_stops_a_person_hears_of_it_once_and_lifting_it_counts_anew():
    opt_out(sent("win_back", 100), 10)
    sent("utilization", 100)
    manager = factories.make_staff("m@glowtheory.example", role="manager")

    assert [campaign_health.check(now=NOON) for _ in range(2)] == [1, 0]

    switch = KillSwitch.objects.filter(sequence__slug="win_back").get()
    assert "10 were followed by an opt-out" in switch.reason
    assert Escalation.objects.filter(subject="health:win_back").count() == 1
    switches.lift(switch=switch, by=manager, now=NOON)
    assert campaign_health.check(now=NOON) == 0
