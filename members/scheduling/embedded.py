"""The embedded scheduler: business hours and providers minus booked visits, on a half-hour grid."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction
from django.db.models import Min, Q, prefetch_related_objects

from common.errors import Refused
from members import audit
from members.models import Location, Membership, Patient, Provider, Service, Visit
from members.scheduling.base import Opening

GRID = timedelta(minutes=30)
LEAD = timedelta(hours=2)  # the room and the patient both need some notice
_NOON = 12
_HABIT_VISITS = 12

_Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class _Habit:
    """When the patient usually came: local weekday (0 = Monday) and hour."""

    weekday: int
    hour: int


class EmbeddedScheduler:
    def openings(
        self, *, patient: Patient, service: Service, after: datetime, until: datetime, limit: int = 2
    ) -> list[Opening]:
        location = patient.home_location
        free = list(_free_slots(location, service, patient, after + LEAD, until))
        return sorted(_choose(free, _habit(patient, location), ZoneInfo(location.time_zone), limit), key=_start)

    def book(self, *, patient: Patient, opening: Opening, actor: str, now: datetime) -> Visit:
        if opening.starts_at <= now:
            raise Refused("That time has passed.", code="slot_past")
        try:
            with transaction.atomic():
                # One provider's bookings go through this lock, so two that overlap cannot both find the time free.
                provider = Provider.objects.select_for_update().filter(pk=opening.provider_id).first()
                if provider is None or _is_taken(opening, patient):
                    raise Refused("That time was just taken.", code="slot_taken")
                visit = Visit.objects.create(
                    patient=patient,
                    service_id=opening.service_id,
                    location_id=opening.location_id,
                    provider=provider,
                    starts_at=opening.starts_at,
                    ends_at=opening.ends_at,
                    status=Visit.Status.BOOKED,
                    booked_at=now,
                )
                _settle("booked", visit, actor, now)
        except IntegrityError:  # one_visit_a_slot
            raise Refused("That time was just taken.", code="slot_taken") from None
        return visit

    def cancel(self, *, visit: Visit, actor: str, now: datetime) -> None:
        with transaction.atomic():
            coming = Visit.objects.filter(pk=visit.pk, status=Visit.Status.BOOKED, starts_at__gt=now)
            if not coming.update(status=Visit.Status.CANCELLED):
                raise Refused("Only a coming appointment can be cancelled.", code="not_booked")
            visit.status = Visit.Status.CANCELLED
            _settle("cancelled", visit, actor, now)


def _free_slots(
    location: Location, service: Service, patient: Patient, earliest: datetime, until: datetime
) -> Iterator[Opening]:
    """Slots of the service inside business hours, in order of time; one a moment, though several providers be free."""
    providers = list(Provider.objects.filter(location=location, services=service).values_list("pk", flat=True))
    taken, away = _taken(providers, patient, earliest, until)
    length = timedelta(minutes=service.duration_minutes)
    for starts_at in _grid(location, length, earliest, until):
        ends_at = starts_at + length
        if _overlaps((starts_at, ends_at), away):
            continue
        for provider_id in providers:
            if not _overlaps((starts_at, ends_at), taken[provider_id]):
                yield Opening(service.pk, location.pk, provider_id, starts_at, ends_at)
                break


def _grid(location: Location, length: timedelta, earliest: datetime, until: datetime) -> Iterator[datetime]:
    """Half-hour starts, counted from opening, that end before closing."""
    prefetch_related_objects([location], "business_hours")
    zone = ZoneInfo(location.time_zone)
    midday = earliest.astimezone(zone).replace(hour=_NOON, minute=0, second=0, microsecond=0)
    while midday - timedelta(hours=_NOON) < until:
        if span := location.hours_on(midday):
            starts_at, closes_at = span[0].astimezone(UTC), span[1].astimezone(UTC)
            while starts_at + length <= closes_at:
                if earliest <= starts_at < until:
                    yield starts_at
                starts_at += GRID
        midday += timedelta(days=1)  # wall-clock arithmetic: noon stays noon over a clock change


def _taken(
    providers: list[int], patient: Patient, earliest: datetime, until: datetime
) -> tuple[dict[int, list[_Span]], list[_Span]]:
    """What is booked with each provider, and where the patient is expected already."""
    booked = Visit.objects.filter(
        Q(provider__in=providers) | Q(patient=patient),
        status=Visit.Status.BOOKED,
        ends_at__gt=earliest,
        starts_at__lt=until + timedelta(days=1),
    ).values_list("provider_id", "patient_id", "starts_at", "ends_at")
    taken: dict[int, list[_Span]] = defaultdict(list)
    away: list[_Span] = []
    for provider_id, patient_id, starts_at, ends_at in booked:
        if provider_id is not None:
            taken[provider_id].append((starts_at, ends_at))
        if patient_id == patient.pk:
            away.append((starts_at, ends_at))
    return taken, away


def _overlaps(span: _Span, others: list[_Span]) -> bool:
    return any(starts_at < span[1] and span[0] < ends_at for starts_at, ends_at in others)


def _habit(patient: Patient, location: Location) -> _Habit | None:
    zone = ZoneInfo(location.time_zone)
    past = patient.visits.filter(status=Visit.Status.COMPLETED).order_by("-starts_at")
    came = [when.astimezone(zone) for when in past.values_list("starts_at", flat=True)[:_HABIT_VISITS]]
    if not came:
        return None
    weekday = Counter(when.weekday() for when in came).most_common(1)[0][0]
    hour = Counter(when.hour for when in came).most_common(1)[0][0]
    return _Habit(weekday, hour)


def _choose(free: list[Opening], habit: _Habit | None, zone: ZoneInfo, limit: int) -> list[Opening]:
    """Good options, not just the first ones: each on a day of its own, at the usual hour or at another time of day."""
    chosen: list[Opening] = []
    while free and len(chosen) < limit:
        best = min(free, key=lambda opening: _cost(opening, chosen, habit, zone))
        chosen.append(best)
        free = [opening for opening in free if not _overlaps(_span(opening), [_span(best)])]
    return chosen


def _cost(
    opening: Opening, chosen: list[Opening], habit: _Habit | None, zone: ZoneInfo
) -> tuple[bool, bool, bool, int, datetime]:
    """What speaks against a slot beside those already chosen, the weightiest first."""
    when = _local(opening, zone)
    others = [_local(other, zone) for other in chosen]
    same_day = any(when.date() == other.date() for other in others)
    same_half = any((when.hour < _NOON) == (other.hour < _NOON) for other in others)
    if habit is None:
        return same_day, same_half, False, 0, opening.starts_at
    other_weekday = not others and when.weekday() != habit.weekday
    return same_day, same_day and same_half, other_weekday, abs(when.hour - habit.hour), opening.starts_at


def _local(opening: Opening, zone: ZoneInfo) -> datetime:
    return opening.starts_at.astimezone(zone)


def _span(opening: Opening) -> _Span:
    return opening.starts_at, opening.ends_at


def _start(opening: Opening) -> datetime:
    return opening.starts_at


def _is_taken(opening: Opening, patient: Patient) -> bool:
    return Visit.objects.filter(
        Q(provider_id=opening.provider_id) | Q(patient=patient),
        status=Visit.Status.BOOKED,
        starts_at__lt=opening.ends_at,
        ends_at__gt=opening.starts_at,
    ).exists()


def _settle(act: str, visit: Visit, actor: str, now: datetime) -> None:
    """Bring the denormalised column up to date and leave a trace, in the caller's transaction."""
    coming = Visit.objects.filter(patient=visit.patient_id, status=Visit.Status.BOOKED, starts_at__gt=now)
    earliest = coming.aggregate(first=Min("starts_at"))["first"]
    Membership.objects.filter(patient=visit.patient_id).update(next_appointment_at=earliest)
    data = {"visit": visit.pk, "service": visit.service_id, "starts_at": visit.starts_at.isoformat()}
    audit.record(f"visit.{act}", actor=actor, patient=visit.patient, now=now, data=data)
