"""What a member may book with which credit, and the way there on a page: choose, keep for a moment, book."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import QuerySet

from common import clock
from common.errors import Refused
from members import credits, scheduling
from members.models import Membership, Patient, Service, SlotHold, Visit
from members.scheduling import Opening, habits
from members.scheduling.habits import Habit

AHEAD = timedelta(days=28)
KEPT_FOR = timedelta(minutes=10)  # while the patient looks at the last question
_BOOKABLE = (Membership.Status.ACTIVE, Membership.Status.CANCELLING)
_SUGGESTED = 2


@dataclass(frozen=True)
class Bookable:
    """A service with credits that no coming visit will use; `use_by`: when the last of them ends (None: never)."""

    service: Service
    left: int
    use_by: datetime | None


@dataclass(frozen=True)
class Times:
    """Free times of a service: a few that suit the patient, and all of them by local day."""

    suggested: list[Opening]
    days: list[tuple[date, list[Opening]]]
    habit: Habit | None


def bookable(membership: Membership, *, now: datetime) -> list[Bookable]:
    """What the credits are good for, the one that ends first in front; nothing while benefits are stopped."""
    if membership.status not in _BOOKABLE:
        return []
    lots = credits.lots(membership, at=now)
    left = {lot.entry_id: lot.remaining for lot in lots}
    for visit in coming(membership.patient, now=now):
        lives = (lot for lot in lots if lot.expires_at is None or lot.expires_at > visit.starts_at)
        used = next((lot for lot in lives if left[lot.entry_id] and lot.covers(visit.service)), None)
        if used:
            left[used.entry_id] -= 1
    found: dict[int, Bookable] = {}
    for lot in lots:
        for service in lot.services if left[lot.entry_id] else ():
            earlier = found[service.pk].left if service.pk in found else 0
            found[service.pk] = Bookable(service, earlier + left[lot.entry_id], lot.expires_at)
    return list(found.values())


def coming(patient: Patient, *, now: datetime) -> QuerySet[Visit]:
    """The patient's own appointments that are still to come."""
    mine = patient.visits.filter(status__in=Visit.HOLDS_TIME, starts_at__gt=now)
    return mine.select_related("service", "location", "provider").order_by("starts_at")


def times(patient: Patient, service: Service, *, use_by: datetime | None, now: datetime) -> Times:
    """What is free before the credit ends. Not inside a transaction; raises SchedulerError."""
    until = min(now + AHEAD, use_by or now + AHEAD)
    free = scheduling.get().openings(patient=patient, service=service, after=now, until=until, limit=None)
    zone = patient.home_location.time_zone
    habit = habits.of(patient, zone=zone)
    days: dict[date, list[Opening]] = {}
    for opening in free:
        days.setdefault(clock.local_date(opening.starts_at, zone), []).append(opening)
    return Times(habits.choose(free, habit, zone=zone, limit=_SUGGESTED), list(days.items()), habit)


def keep(*, patient: Patient, service: Service, slot: str, use_by: datetime | None, now: datetime) -> SlotHold:
    """Keep the slot that a page named ("<moment>|<provider>") for a few minutes. Raises Refused (slot_taken)."""
    until = min(now + AHEAD, use_by or now + AHEAD)
    free = scheduling.get().openings(patient=patient, service=service, after=now, until=until, limit=None)
    chosen = next((opening for opening in free if opening.name == slot), None)
    if chosen is None:
        raise Refused("That time was just taken. Please choose another one.", code="slot_taken")
    actor = f"patient:{patient.pk}"
    return scheduling.get().hold(patient=patient, openings=[chosen], until=now + KEPT_FOR, actor=actor, now=now)[0]


def kept(patient: Patient, pk: int, *, now: datetime) -> SlotHold | None:
    """The patient's own hold of that number while it lasts."""
    held = SlotHold.objects.live(now).filter(patient=patient, pk=pk)
    return held.select_related("service", "location", "provider").first()


def take(*, hold: SlotHold, instead_of: Visit | None, actor: str, now: datetime) -> Visit:
    """Book what was kept, or move an appointment there. Raises Refused, SchedulerError."""
    opening = Opening(hold.service_id, hold.location_id, hold.provider_id, hold.starts_at, hold.ends_at)
    scheduler = scheduling.get()
    if instead_of:
        return scheduler.move(visit=instead_of, opening=opening, actor=actor, now=now)
    return scheduler.book(patient=hold.patient, opening=opening, actor=actor, now=now)
