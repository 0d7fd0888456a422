"""What the fault tests share: a clock that they move, and what the product does by itself as it moves on."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django_q.models import OrmQ

from common import clock
from medspa import ticking
from outreach import cadence
from tests import factories
from tests.conftest import run_queued_tasks


class Time:
    """The product's clock. It begins on a Tuesday at 11:00 in Austin, inside every texting window."""

    def __init__(self) -> None:
        self.now: datetime = factories.NOON

    def goes_on(self, *, minutes: float) -> None:
        self.now += timedelta(minutes=minutes)


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    moved = Time()
    monkeypatch.setattr(clock, "now", lambda: moved.now)
    return moved


@pytest.fixture
def work(time: Time) -> Callable[[], None]:
    """One minute of a healthy worker: each task is off the queue before it runs, so that a kill loses it."""

    def minute() -> None:
        run_queued_tasks()
        ticking.tick(now=time.now)
        cadence.run_due(now=time.now)
        run_queued_tasks()

    return minute


@pytest.fixture
def restart(time: Time, work: Callable[[], None]) -> Callable[[], None]:
    """What comes after a kill: all that was queued is lost, and new processes run for ten minutes."""

    def ten_minutes() -> None:
        OrmQ.objects.all().delete()
        for minutes in (1, 3, 6):
            time.goes_on(minutes=minutes)
            work()

    return ten_minutes
