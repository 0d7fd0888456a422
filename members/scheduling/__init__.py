"""Appointments through the practice's scheduler; the embedded one keeps them in our own rows."""

from members.scheduling.base import Opening, Scheduler, SchedulerError
from members.scheduling.embedded import EmbeddedScheduler

__all__ = ["Opening", "Scheduler", "SchedulerError", "get"]


def get() -> Scheduler:
    """The scheduler of this deployment."""
    return EmbeddedScheduler()
