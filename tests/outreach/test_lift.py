"""What a sequence is worth against who was left out by lot."""

from datetime import timedelta

import pytest
from django.urls import reverse

from members.models import Visit
from outreach import lift, playbooks
from outreach.models import Enrolment, Sequence
from tests import factories
from tests.factories import NOON

DAY = timedelta(days=1)


def test_the_interval_is_the_published_one():
    """Newcombe 1998, table II, (a): 56 of 70 against 48 of 80, method 10."""
    low, high = lift.difference(lift.Group(56, 70), lift.Group(48, 80))

    assert (round(low, 4), round(high, 4)) == (0.0524, 0.3339)


def test_none_of_a_few_against_none_has_an_interval_that_holds_nought():
    low, high = lift.difference(lift.Group(0, 10), lift.Group(0, 20))

    assert low < 0 < high


def enrol(sequence, *, held_out, came_after=None, ago=40 * DAY) -> None:
    member, began = factories.make_membership(), NOON - ago
    Enrolment.objects.create(
        sequence=sequence, membership=member, cause="unused", started_at=began, status="ended", ended_at=began,
        held_out=held_out,
    )  # fmt: skip
    if came_after is not None:
        at = began + came_after * DAY
        Visit.objects.create(
            patient=member.patient, service=factories.make_service(), location=member.location, starts_at=at,
            ends_at=at + DAY / 24, status="completed",
        )  # fmt: skip


@pytest.fixture
def nudge(db):
    factories.make_location()
    playbooks.install()
    return Sequence.objects.get(slug="utilization")


def test_visits_within_thirty_days_are_compared_and_younger_enrolments_wait(nudge):
    enrol(nudge, held_out=False, came_after=5)
    enrol(nudge, held_out=False, came_after=35)
    enrol(nudge, held_out=True)
    enrol(nudge, held_out=False, came_after=1, ago=10 * DAY)

    found = lift.of(nudge, now=NOON)

    assert (found.written_to, found.left_out) == (lift.Group(1, 2), lift.Group(0, 1))
    assert (found.points, found.is_told) == (50.0, False)


def test_nothing_is_said_while_nobody_was_left_out(nudge):
    enrol(nudge, held_out=False, came_after=5)

    assert lift.of(nudge, now=NOON) is None


def test_the_sequence_s_page_shows_it(nudge, client, monkeypatch):
    monkeypatch.setattr("common.clock.now", lambda: NOON)
    enrol(nudge, held_out=False, came_after=5)
    enrol(nudge, held_out=True)
    client.force_login(factories.make_staff())

    page = client.get(reverse("outreach:sequence", args=["utilization"])).content.decode()

    assert "100.0 points" in page
    assert "100.0 % came in (1 of 1)" in page
