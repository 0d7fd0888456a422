"""What a scheduler must do for us. One vendor a module; callers ask `members.scheduling.get()`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from members.models import Patient, Service, Visit


@dataclass(frozen=True)
class Opening:
    """A free slot: ids only, so that it can be kept in an offer's JSON. Both moments are aware UTC."""

    service_id: int
    location_id: int
    provider_id: int
    starts_at: datetime
    ends_at: datetime


class SchedulerError(Exception):
    """The scheduler could not say. `permanent`: asking again with the same words cannot help."""

    def __init__(self, message: str, *, permanent: bool) -> None:
        super().__init__(message)
        self.permanent = permanent


class Scheduler(Protocol):
    def openings(
        self, *, patient: Patient, service: Service, after: datetime, until: datetime, limit: int = 2
    ) -> list[Opening]:
        """Free slots at the patient's home location that suit the patient, in order of time; fewer when there are few.

        `after` is the moment of asking: the scheduler keeps its own lead time from there. Raises SchedulerError.
        """
        ...

    def book(self, *, patient: Patient, opening: Opening, actor: str, now: datetime) -> Visit:
        """Take the slot. Raises Refused (slot_taken, slot_past) when it is gone, SchedulerError when unknown."""
        ...

    def cancel(self, *, visit: Visit, actor: str, now: datetime) -> None:
        """Give the slot back. Raises Refused (not_booked) when the visit is not a coming one."""
        ...
