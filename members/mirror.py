"""The mirror of the practice's scheduler: what changed there becomes our rows, by the scheduler's ids, in order."""

import logging
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from common.rounds import in_time
from members import audit, escalations, scheduling, standings, visits
from members.models import Escalation, Location, Patient, Provider, SchedulerCursor, Service, Visit
from members.scheduling import SchedulerError, VisitChange

log = logging.getLogger(__name__)

_PAGES = 50


def sync(*, now: datetime) -> int:
    """Read what changed since the last time. Returns how many appointments were taken over.

    The cursor moves after a page is written, so a crash reads it again, and writing it again changes nothing.
    """
    place, _ = SchedulerCursor.objects.get_or_create(name="visits")
    taken = 0
    for _ in in_time(range(_PAGES)):
        try:
            changes = scheduling.get().changes_since(cursor=place.cursor, now=now)
        except SchedulerError as error:
            _report(error, now)
            break
        for change in changes.visits:
            taken += apply(change, now=now)
        SchedulerCursor.objects.filter(pk=place.pk).update(cursor=changes.cursor, synced_at=now)
        place.cursor = changes.cursor
        if not changes.more:
            break
    return taken


def apply(change: VisitChange, *, now: datetime) -> bool:
    """Write one appointment by its id; False, and a case for the desk, when it names what we do not know."""
    found = _named(change)
    if found is None:
        words = (
            f"The scheduler's appointment {change.external_id} names a patient, service or location that is not on "
            "file, so it is not mirrored. Import them, or correct the ids."
        )
        _open_case(f"visit:{change.external_id}", words, now)
        return False
    patient, service, location, provider = found
    seen = {
        "patient": patient, "service": service, "location": location, "provider": provider,
        "starts_at": change.starts_at, "ends_at": change.ends_at,
    }  # fmt: skip
    with transaction.atomic():
        visit = _ours(change, patient, service)
        if visit is None:
            visit = Visit.objects.create(external_id=change.external_id, booked_at=now, **seen)
            data = {"visit": visit.pk, "starts_at": visit.starts_at.isoformat()}
            audit.record("visit.mirrored", actor="scheduler", patient=patient, now=now, data=data)
        else:
            Visit.objects.filter(pk=visit.pk).update(external_id=change.external_id, **seen)
            visit.refresh_from_db()
        if visit.status == Visit.Status.REQUESTED and change.status == Visit.Status.BOOKED:
            visits.confirm(visit=visit, actor="scheduler", now=now)
        else:
            visits.follow(visit=visit, status=change.status, actor="scheduler", now=now)
        standings.refresh_visits([patient.pk], now=now)
    return True


def _ours(change: VisitChange, patient: Patient, service: Service) -> Visit | None:
    """The row of that id; else the one that we booked and the desk has keyed in."""
    known = Visit.objects.select_for_update(no_key=True).filter(external_id=change.external_id).first()
    if known:
        return known
    same = Q(patient=patient, service=service, starts_at=change.starts_at)
    return Visit.objects.filter(same, external_id__isnull=True, status__in=Visit.HOLDS_TIME).first()


def _named(change: VisitChange) -> tuple[Patient, Service, Location, Provider | None] | None:
    patient = Patient.objects.filter(external_id=change.patient_id).first()
    service = Service.objects.filter(external_id=change.service_id).first()
    location = Location.objects.filter(external_id=change.location_id).first()
    if patient is None or service is None or location is None:
        return None
    provider = None
    if change.provider_name:
        provider, _ = Provider.objects.get_or_create(name=change.provider_name, location=location)
    return patient, service, location, provider


def _report(error: SchedulerError, now: datetime) -> None:
    log.warning("the scheduler's changes could not be read", extra={"permanent": error.permanent})
    if error.permanent:
        words = "The scheduler refuses to say what changed, so appointments may be out of date. Check the connection."
        _open_case("scheduler", words, now)


def _open_case(subject: str, words: str, now: datetime) -> None:
    escalations.open(reason=Escalation.Reason.SCHEDULER_SYNC, summary=words, subject=subject, now=now)
