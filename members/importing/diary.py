"""Visits: the mirror of the practice's appointments, and what follows from them for membership and credits.

A state that changed is taken over by `visits.follow`, which uses or gives back the credit. So is a visit that is first
heard of when it is over, if it was lately; older ones are history, whose credits were settled in the other system.
"""

from datetime import datetime, timedelta

from common import clock
from members import standings, visits
from members.importing import catalogue, references
from members.importing.batch import CREATED, UNCHANGED, UPDATED, Context, Entry
from members.importing.people import people_named
from members.importing.rows import VisitRow
from members.models import Location, Patient, Service, Visit

_WRITTEN = ("patient", "service", "location", "starts_at", "ends_at", "booked_at")
_LONGEST = timedelta(hours=24)
_LATELY = timedelta(days=3)
Status = Visit.Status


class VisitWriter:
    row_model = VisitRow

    def plan(self, entries: list[Entry], context: Context) -> None:
        places, services = references.places(), catalogue.services_by_word()
        patients = people_named({entry.row.patient for entry in entries})
        known = Visit.objects.in_bulk([entry.row.external_id for entry in entries], field_name="external_id")
        keyed_in = _booked_by_us(patients)
        for entry in entries:
            patient, service = _patient(entry, patients), _service(entry, services)
            if patient is None or service is None:
                continue
            location = (
                places.named(entry, entry.row.location)
                if entry.row.location
                else places.by_pk[patient.home_location_id]
            )
            if location is not None:
                starts_at = references.aware(entry.row.starts_at, location.time_zone)
                visit = known.get(entry.row.external_id) or keyed_in.pop((patient.pk, service.pk, starts_at), None)
                _plan(entry, visit, patient, service, location, context.now)

    def write(self, entries: list[Entry], context: Context) -> None:
        for entry in entries:
            if entry.instance.pk and not entry.instance.external_id:  # keyed in meanwhile: it has an id there now
                entry.instance.external_id = entry.row.external_id
                entry.instance.save(update_fields=["external_id"])
        Visit.objects.bulk_create(
            [entry.instance for entry in entries],
            update_conflicts=True,
            unique_fields=["external_id"],
            update_fields=list(_WRITTEN),
        )
        for entry in entries:
            _follow(entry, context)
        standings.refresh_visits({entry.instance.patient_id for entry in entries}, now=context.now)


def _follow(entry: Entry, context: Context) -> None:
    visit, status = entry.instance, entry.row.status
    if visit.status == status:
        return
    if visit.status == Status.REQUESTED and status == Status.BOOKED:
        visits.confirm(visit=visit, actor=context.actor, now=context.now)
    else:
        visits.follow(visit=visit, status=status, actor=context.actor, now=context.now)


def _booked_by_us(patients: dict[str, Patient]) -> dict[tuple[int, int, datetime], Visit]:
    """What we booked and the desk may have keyed in since: by patient, service and time."""
    own = Visit.objects.filter(
        patient__in=[patient.pk for patient in patients.values()],
        external_id__isnull=True,
        status__in=Visit.HOLDS_TIME,
    ).select_related("patient", "replaces")
    return {(visit.patient_id, visit.service_id, visit.starts_at): visit for visit in own}


def _patient(entry: Entry, patients: dict[str, Patient]) -> Patient | None:
    found = patients.get(entry.row.patient)
    if found is None:
        entry.refuse("patient", f"There is no patient with the id “{entry.row.patient}”. Send the patient first.")
    return found


def _service(entry: Entry, services: dict[str, Service]) -> Service | None:
    found = services.get(entry.row.service.casefold())
    if found is None:
        known = references.listed(catalogue.names_of(services.values()))
        entry.refuse("service", f"There is no service “{entry.row.service}”. Here are: {known}.")
    return found


def _plan(
    entry: Entry, known: Visit | None, patient: Patient, service: Service, location: Location, now: datetime
) -> None:
    row: VisitRow = entry.row
    zone = location.time_zone
    starts_at = references.aware(row.starts_at, zone)
    ends_at = references.aware(row.ends_at, zone) if row.ends_at else starts_at + _length(known, service)
    booked_at = references.aware(row.booked_at, zone) if row.booked_at else None
    if not starts_at < ends_at <= starts_at + _LONGEST:
        entry.refuse("ends_at", "The visit must end after it starts, within a day.")
    if patient.birth_date and clock.local_date(starts_at, zone) < patient.birth_date:
        entry.refuse("starts_at", "The visit is before the patient's birth date. One of the two is wrong.")
    if row.status in (Visit.Status.COMPLETED, Visit.Status.NO_SHOW) and starts_at > now + _LONGEST:
        entry.refuse("status", "A visit that is still to come cannot be completed or missed.")
    if entry.is_refused:
        return
    is_history = known is None and (row.status in Visit.HOLDS_TIME or starts_at < now - _LATELY)
    entry.instance = known or Visit(external_id=row.external_id, status=row.status if is_history else Status.BOOKED)
    given = {
        "patient_id": patient.pk, "service_id": service.pk, "location_id": location.pk,
        "starts_at": starts_at, "ends_at": ends_at, "booked_at": booked_at,
    }  # fmt: skip
    changed = references.set_given(entry.instance, given)
    changed = changed or entry.instance.status != row.status or not entry.instance.external_id
    entry.outcome = CREATED if known is None else UPDATED if changed else UNCHANGED


def _length(known: Visit | None, service: Service) -> timedelta:
    """As long as it was planned here, else as the service usually takes."""
    if known and known.service_id == service.pk:
        return known.ends_at - known.starts_at
    return timedelta(minutes=service.duration_minutes)
