"""The embedded scheduler: our own rows are the diary."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q

from common.errors import Refused
from members import audit, standings, visits
from members.models import Patient, Provider, Service, SlotHold, Visit
from members.scheduling import habits
from members.scheduling.base import Changes, Opening
from members.scheduling.free_slots import free_slots, is_taken
from members.scheduling.wishes import ANYTIME, TimeWish

LEAD = timedelta(hours=2)  # the room and the patient both need some notice


class EmbeddedScheduler:
    confirms = True

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
        location = patient.home_location
        habit = habits.of(patient, zone=location.time_zone)
        free = list(
            free_slots(
                location=location,
                service=service,
                patient=patient,
                earliest=after + LEAD,
                until=until,
                wish=wish,
                now=after,
                first_provider=habit.provider_id if habit else None,
            )
        )
        return free if limit is None else habits.choose(free, habit, zone=location.time_zone, limit=limit)

    def hold(
        self, *, patient: Patient, openings: Sequence[Opening], until: datetime, actor: str, now: datetime
    ) -> list[SlotHold]:
        with _no_overlap(), transaction.atomic():
            _lock(patient, openings)
            _let_go(patient, openings, now)
            for opening in openings:
                _refuse_gone(opening, patient, now)
            held = [
                SlotHold.objects.create(patient=patient, made_at=now, expires_at=until, **vars(opening))
                for opening in openings
            ]
            data = {"holds": [one.pk for one in held], "until": until.isoformat()}
            audit.record("slot.held", actor=actor, patient=patient, now=now, data=data)
        return held

    def book(self, *, patient: Patient, opening: Opening, actor: str, now: datetime) -> Visit:
        with _no_overlap(), transaction.atomic():
            _lock(patient, [opening])
            _refuse_gone(opening, patient, now)
            _let_go(patient, [opening], now)
            status = Visit.Status.BOOKED if self.confirms else Visit.Status.REQUESTED
            visit = Visit.objects.create(patient=patient, status=status, booked_at=now, **vars(opening))
            _settle(status.value, visit, actor, now)
        return visit

    def move(self, *, visit: Visit, opening: Opening, actor: str, now: datetime) -> Visit:
        with _no_overlap(), transaction.atomic():
            _lock(visit.patient, [opening])
            coming = Visit.objects.filter(pk=visit.pk, status__in=Visit.HOLDS_TIME, starts_at__gt=now)
            if not coming.exists():
                raise Refused("Only a coming appointment can be moved.", code="not_booked")
            _refuse_gone(opening, visit.patient, now, besides=visit)
            _let_go(visit.patient, [opening], now)
            coming.update(**vars(opening))
            visit.refresh_from_db()
            _settle("moved", visit, actor, now)
        return visit

    def cancel(self, *, visit: Visit, actor: str, now: datetime) -> None:
        with transaction.atomic():
            if not Visit.objects.filter(pk=visit.pk, status__in=Visit.HOLDS_TIME, starts_at__gt=now).exists():
                raise Refused("Only a coming appointment can be cancelled.", code="not_booked")
            visits.cancel(visit=visit, actor=actor, now=now)

    def changes_since(self, *, cursor: str, now: datetime) -> Changes:
        return Changes((), cursor)  # our own rows are the truth: nothing changes elsewhere


class _no_overlap:  # noqa: N801  (reads as the promise that it keeps)
    """What the constraints refuse is a slot that somebody else just took."""

    def __enter__(self) -> None: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, IntegrityError):
            raise Refused("That time was just taken.", code="slot_taken") from None


def _lock(patient: Patient, openings: Sequence[Opening]) -> None:
    """One patient's and one provider's bookings each go through one lock, always taken in this order.

    So two requests that overlap cannot both find the time free: neither two patients for one provider, nor one
    patient with two providers. Without a key lock, rows that merely point at the patient are not kept waiting.
    """
    Patient.objects.select_for_update(no_key=True).get(pk=patient.pk)
    wanted = {opening.provider_id for opening in openings}
    found = Provider.objects.select_for_update(no_key=True).filter(pk__in=wanted).order_by("pk")
    if len(found) < len(wanted):
        raise Refused("That time was just taken.", code="slot_taken")  # the provider left


def _let_go(patient: Patient, openings: Sequence[Opening], now: datetime) -> None:
    """End the patient's own holds, and those that ran out where we are about to write."""
    ended = Q(expires_at__lte=now, provider__in={opening.provider_id for opening in openings})
    SlotHold.objects.filter(Q(patient=patient) | ended, released_at__isnull=True).update(released_at=now)


def _refuse_gone(opening: Opening, patient: Patient, now: datetime, besides: Visit | None = None) -> None:
    if opening.starts_at <= now:
        raise Refused("That time has passed.", code="slot_past")
    if is_taken(opening, patient=patient, now=now, besides=besides):
        raise Refused("That time was just taken.", code="slot_taken")


def _settle(act: str, visit: Visit, actor: str, now: datetime) -> None:
    """Bring the denormalised columns up to date and leave a trace, in the caller's transaction."""
    standings.refresh_visits([visit.patient_id], now=now)
    data = {"visit": visit.pk, "service": visit.service_id, "starts_at": visit.starts_at.isoformat()}
    audit.record(f"visit.{act}", actor=actor, patient=visit.patient, now=now, data=data)
