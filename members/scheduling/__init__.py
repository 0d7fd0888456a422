"""Appointments through the practice's scheduler; the embedded one keeps them in our own rows."""

from django.conf import settings

from members.scheduling.base import Changes, Opening, Scheduler, SchedulerError, VisitChange
from members.scheduling.embedded import EmbeddedScheduler
from members.scheduling.keyed_in import KeyedInScheduler
from members.scheduling.wishes import ANYTIME, TimeWish

__all__ = [
    "ANYTIME",
    "SCHEDULERS",
    "Changes",
    "Opening",
    "Scheduler",
    "SchedulerError",
    "TimeWish",
    "VisitChange",
    "get",
]

SCHEDULERS: dict[str, type[Scheduler]] = {"embedded": EmbeddedScheduler, "keyed_in": KeyedInScheduler}


def get() -> Scheduler:
    """The scheduler of this deployment, as SCHEDULER names it (`members/checks.py` refuses other names)."""
    return SCHEDULERS[settings.SCHEDULER]()
