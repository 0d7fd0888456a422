"""Visits: the mirror of the practice's appointments, and what follows from them for the membership."""

from datetime import datetime, timedelta

from common import clock
from members import standings
from members.importing import catalogue, references
from members.importing.batch import CREATED, UNCHANGED, UPDATED, Context, Entry
from members.importing.people import people_named
from members.importing.rows import VisitRow
from members.models import Location, Patient, Service, Visit

_WRITTEN = ("patient", "service", "location", "starts_at", "ends_at", "status", "booked_at")
_LONGEST = timedelta(hours=24)


class VisitWriter:
    row_model = VisitRow

    def plan(self, entries: list[Entry], context: Context) -> None:
        places, services = references.places(), catalogue.services_by_word()
        patients = people_named({entry.row.patient for entry in entries})
        known = Visit.objects.in_bulk([entry.row.external_id for entry in entries], field_name="external_id")
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
                _plan(entry, known.get(entry.row.external_id), patient, service, location, context.now)

    def write(self, entries: list[Entry], context: Context) -> None:
        Visit.objects.bulk_create(
            [entry.instance for entry in entries],
            update_conflicts=True,
            unique_fields=["external_id"],
            update_fields=list(_WRITTEN),
        )
        standings.refresh_visits({entry.instance.patient_id for entry in entries}, now=context.now)


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
    entry.instance = known or Visit(external_id=row.external_id)
    given = {
        "patient_id": patient.pk, "service_id": service.pk, "location_id": location.pk,
        "starts_at": starts_at, "ends_at": ends_at, "status": row.status, "booked_at": booked_at,
    }  # fmt: skip
    changed = references.set_given(entry.instance, given)
    entry.outcome = CREATED if known is None else UPDATED if changed else UNCHANGED


def _length(known: Visit | None, service: Service) -> timedelta:
    """As long as it was planned here, else as the service usually takes."""
    if known and known.service_id == service.pk:
        return known.ends_at - known.starts_at
    return timedelta(minutes=service.duration_minutes)
