"""Free time by our own rows: business hours and shifts, minus closures, time off, visits and live holds."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Q

from members.models import Location, Patient, Provider, Service, SlotHold, Visit
from members.scheduling.base import Opening
from members.scheduling.wishes import TimeWish

GRID = timedelta(minutes=30)
_NOON = 12
_DAY = timedelta(days=1)

Span = tuple[datetime, datetime]


@dataclass
class _Diary:
    """What stands in the way, by provider, and where the patient is expected already."""

    taken: dict[int, list[Span]] = field(default_factory=lambda: defaultdict(list))
    away: list[Span] = field(default_factory=list)


def free_slots(
    *,
    location: Location,
    service: Service,
    patient: Patient,
    earliest: datetime,
    until: datetime,
    wish: TimeWish,
    now: datetime,
    first_provider: int | None = None,
) -> Iterator[Opening]:
    """Starts on the half-hour from opening, in order of time; one a moment, though several providers be free.

    `first_provider` is asked first: the one whom the patient usually sees.
    """
    providers = _providers(location, service, wish)
    providers.sort(key=lambda provider: provider.pk != first_provider)
    diary = _diary(providers, patient, earliest, until, now)
    zone = ZoneInfo(location.time_zone)
    length = timedelta(minutes=service.duration_minutes)
    for opens_at, closes_at in _open_days(location, earliest, until):
        working = [(provider.pk, _working(provider, (opens_at, closes_at), zone)) for provider in providers]
        starts_at = opens_at
        while starts_at + length <= closes_at:
            slot = starts_at, starts_at + length
            if earliest <= starts_at < until and wish.allows(starts_at.astimezone(zone)):
                provider_id = _who_is_free(slot, working, diary)
                if provider_id:
                    yield Opening(service.pk, location.pk, provider_id, *slot)
            starts_at += GRID


def is_taken(opening: Opening, *, patient: Patient, now: datetime, besides: Visit | None = None) -> bool:
    """Whether the provider or the patient is expected elsewhere, or another patient holds the provider's time."""
    overlap = Q(starts_at__lt=opening.ends_at, ends_at__gt=opening.starts_at)
    visits = Visit.objects.filter(
        overlap, Q(provider=opening.provider_id) | Q(patient=patient), status__in=Visit.HOLDS_TIME
    )
    held = SlotHold.objects.live(now).filter(overlap, provider=opening.provider_id).exclude(patient=patient)
    if besides:
        visits = visits.exclude(pk=besides.pk)
    return visits.exists() or held.exists()


def overlaps(span: Span, others: Iterable[Span]) -> bool:
    return any(starts_at < span[1] and span[0] < ends_at for starts_at, ends_at in others)


def _providers(location: Location, service: Service, wish: TimeWish) -> list[Provider]:
    offering = Provider.objects.filter(location=location, services=service)
    if wish.provider_id is not None:
        offering = offering.filter(pk=wish.provider_id)
    return list(offering.prefetch_related("shifts", "time_off"))


def _diary(providers: list[Provider], patient: Patient, earliest: datetime, until: datetime, now: datetime) -> _Diary:
    near = Q(ends_at__gt=earliest, starts_at__lt=until + _DAY)
    theirs = Q(provider__in=providers)
    columns = ("provider_id", "patient_id", "starts_at", "ends_at")
    visits = Visit.objects.filter(near, theirs | Q(patient=patient), status__in=Visit.HOLDS_TIME)
    held = SlotHold.objects.live(now).filter(near, theirs)
    diary = _Diary()
    for provider in providers:
        diary.taken[provider.pk] += [(off.starts_at, off.ends_at) for off in provider.time_off.all()]
    for provider_id, patient_id, starts_at, ends_at in visits.values_list(*columns):
        diary.taken[provider_id].append((starts_at, ends_at))
        if patient_id == patient.pk:
            diary.away.append((starts_at, ends_at))
    for provider_id, _, starts_at, ends_at in held.exclude(patient=patient).values_list(*columns):
        diary.taken[provider_id].append((starts_at, ends_at))
    return diary


def _open_days(location: Location, earliest: datetime, until: datetime) -> Iterator[Span]:
    zone = ZoneInfo(location.time_zone)
    midday = earliest.astimezone(zone).replace(hour=_NOON, minute=0, second=0, microsecond=0)
    while midday - timedelta(hours=_NOON) < until:
        if span := location.hours_on(midday):
            yield span[0].astimezone(UTC), span[1].astimezone(UTC)
        midday += _DAY  # wall-clock arithmetic: noon stays noon over a clock change


def _working(provider: Provider, open_span: Span, zone: ZoneInfo) -> list[Span]:
    """The provider's shifts on the local day of that opening; all of it for one who has no shifts."""
    shifts = provider.shifts.all()
    if not shifts:
        return [open_span]
    day = open_span[0].astimezone(zone).date()
    return [
        (
            datetime.combine(day, shift.starts, tzinfo=zone).astimezone(UTC),
            datetime.combine(day, shift.ends, tzinfo=zone).astimezone(UTC),
        )
        for shift in shifts
        if shift.weekday == day.weekday()
    ]


def _who_is_free(slot: Span, working: list[tuple[int, list[Span]]], diary: _Diary) -> int | None:
    if overlaps(slot, diary.away):
        return None
    for provider_id, shifts in working:
        at_work = any(starts_at <= slot[0] and slot[1] <= ends_at for starts_at, ends_at in shifts)
        if at_work and not overlaps(slot, diary.taken[provider_id]):
            return provider_id
    return None
