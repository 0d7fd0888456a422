"""Appointments through the practice's scheduler; the embedded one keeps them in our own rows."""

from members.scheduling.base import Changes, Opening, Scheduler, SchedulerError, VisitChange
from members.scheduling.embedded import EmbeddedScheduler
from members.scheduling.wishes import ANYTIME, TimeWish

__all__ = ["ANYTIME", "Changes", "Opening", "Scheduler", "SchedulerError", "TimeWish", "VisitChange", "get"]


def get() -> Scheduler:
    """The scheduler of this deployment."""
    return EmbeddedScheduler()
