"""What a scheduler must do for us. One vendor a module; callers ask `members.scheduling.get()`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from members.models import Patient, Service, SlotHold, Visit
from members.scheduling.wishes import ANYTIME, TimeWish


@dataclass(frozen=True)
class Opening:
    """A free slot: ids only, so that it can be kept in an offer's JSON. Both moments are aware UTC."""

    service_id: int
    location_id: int
    provider_id: int
    starts_at: datetime
    ends_at: datetime

    @property
    def name(self) -> str:
        """By which a form names it: "<moment>|<provider>"."""
        return f"{self.starts_at.isoformat()}|{self.provider_id}"


@dataclass(frozen=True)
class VisitChange:
    """One appointment as the practice's scheduler has it now; ids are the scheduler's own."""

    external_id: str
    patient_id: str
    service_id: str
    location_id: str
    provider_name: str
    starts_at: datetime
    ends_at: datetime
    status: str  # a Visit.Status


@dataclass(frozen=True)
class Changes:
    """What changed, oldest first, and where to go on. `more`: ask again at once."""

    visits: Sequence[VisitChange]
    cursor: str
    more: bool = False


class SchedulerError(Exception):
    """The scheduler could not say. `permanent`: asking again with the same words cannot help."""

    def __init__(self, message: str, *, permanent: bool) -> None:
        super().__init__(message)
        self.permanent = permanent


class Scheduler(Protocol):
    # True: what we book here stands. False: the desk keys it in, and the visit is `requested` until then.
    confirms: bool

    def openings(
        self,
        *,
        patient: Patient,
        service: Service,
        after: datetime,
        until: datetime,
        limit: int | None = 2,
        wish: TimeWish = ANYTIME,
    ) -> list[Opening]:
        """Free slots at the patient's home location that suit the wish and the patient, in order of time.

        With a limit: so many good ones, fewer when there are few. Without: all. `after` is the moment of asking: the
        scheduler keeps its own lead time from there. Raises SchedulerError.
        """
        ...

    def hold(
        self, *, patient: Patient, openings: Sequence[Opening], until: datetime, actor: str, now: datetime
    ) -> list[SlotHold]:
        """Keep these slots for the patient, instead of whatever was kept before; none: let go of all.

        Raises Refused (slot_taken, slot_past) when one is gone, and then nothing changes; SchedulerError.
        """
        ...

    def book(self, *, patient: Patient, opening: Opening, actor: str, now: datetime) -> Visit:
        """Take the slot. Raises Refused (slot_taken, slot_past) when it is gone, SchedulerError when unknown."""
        ...

    def move(self, *, visit: Visit, opening: Opening, actor: str, now: datetime) -> Visit:
        """Take the slot in place of the visit's. Raises Refused (not_booked, slot_taken, slot_past): then the visit
        stays as it was; SchedulerError when unknown."""
        ...

    def cancel(self, *, visit: Visit, actor: str, now: datetime) -> None:
        """Give the slot back. Raises Refused (not_booked) when the visit is not a coming one."""
        ...

    def changes_since(self, *, cursor: str, now: datetime) -> Changes:
        """Appointments that changed after `cursor` ('' at first). Raises SchedulerError."""
        ...
