"""Patients: the person, the number that reaches them, and what they agreed to."""

from collections.abc import Iterable
from datetime import date

from common import clock
from members.importing import consents, references
from members.importing.batch import CREATED, UNCHANGED, UPDATED, Context, Entry
from members.importing.rows import PatientRow
from members.models import Patient, PatientPhone

_COPIED = ("first_name", "last_name", "email", "birth_date", "language", "state", "zip_code", "time_zone", "joined_on")
_WRITTEN = [*_COPIED, "home_location"]


class PatientWriter:
    row_model = PatientRow

    def plan(self, entries: list[Entry], context: Context) -> None:
        places = references.places()
        known = known_patients(entry.row.external_id for entry in entries)
        for entry in entries:
            self._plan(entry, known.get(entry.row.external_id), places, context)
        same = [entry for entry in entries if entry.outcome == UNCHANGED]
        for entry in consents.with_news(same, context):
            entry.outcome = UPDATED

    def _plan(self, entry: Entry, known: Patient | None, places: references.Places, context: Context) -> None:
        row: PatientRow = entry.row
        if known and known.merged_into_id and known.merged_into:
            survivor = known.merged_into.external_id or known.merged_into.pk
            entry.refuse(
                "external_id", f"This patient was merged into “{survivor}” here. Merge the two on your side too."
            )
            return
        patient = known or Patient(external_id=row.external_id, joined_on=context.now.date())
        if row.location or known is None:
            home = places.only() if row.location is None else None
            home = home or places.named(entry, row.location)
            if home is None:
                return
        else:
            home = places.by_pk[known.home_location_id]
        self._check(entry, row, clock.local_date(context.now, home.time_zone))
        if entry.is_refused:
            return
        given = {name: getattr(row, name) for name in _COPIED} | {"home_location_id": home.pk}
        changed = references.set_given(patient, given)
        patient.home_location = home
        if row.phone and patient.pk and patient.phone != row.phone:
            changed = True
        entry.instance = patient
        entry.outcome = CREATED if known is None else UPDATED if changed else UNCHANGED

    def _check(self, entry: Entry, row: PatientRow, today: date) -> None:
        if row.birth_date and row.birth_date > today:
            entry.refuse("birth_date", "The birth date is in the future.")
        if row.joined_on and row.birth_date and row.joined_on < row.birth_date:
            entry.refuse("joined_on", "The patient joined before the birth date.")
        consents.check(entry)

    def write(self, entries: list[Entry], context: Context) -> None:
        saved = Patient.objects.bulk_create(
            [entry.instance for entry in entries],
            update_conflicts=True,
            unique_fields=["external_id"],
            update_fields=_WRITTEN,
        )
        for entry, patient in zip(entries, saved, strict=True):
            entry.instance = patient
        _write_phones(entries)
        consents.write(entries, context)


def known_patients(external_ids: Iterable[str]) -> dict[str, Patient]:
    """By external id, with numbers; a patient who was merged into another is still their own row."""
    found = Patient.objects.filter(external_id__in=set(external_ids)).prefetch_related("phones").order_by()
    return {patient.external_id or "": patient for patient in found}


def people_named(external_ids: Iterable[str]) -> dict[str, Patient]:
    """By external id, for rows that belong to a person: whoever was merged stands for the one they are now."""
    rows = Patient.objects.filter(external_id__in=set(external_ids)).order_by()
    found = {patient.external_id or "": patient for patient in rows}
    moved = {patient.merged_into_id for patient in found.values() if patient.merged_into_id}
    survivors = Patient.objects.in_bulk(moved) if moved else {}
    return {key: survivors.get(patient.merged_into_id or 0, patient) for key, patient in found.items()}


def _write_phones(entries: list[Entry]) -> None:
    """The row's number becomes the primary one. The one it replaces goes: a stranger may hold it tomorrow (R15)."""
    moved = [entry for entry in entries if entry.row.phone and entry.row.phone != _primary_before(entry)]
    PatientPhone.objects.filter(patient__in=[entry.instance.pk for entry in moved], is_primary=True).delete()
    PatientPhone.objects.bulk_create(
        [PatientPhone(patient=entry.instance, number=entry.row.phone, is_primary=True) for entry in moved],
        update_conflicts=True,
        unique_fields=["patient", "number"],
        update_fields=["is_primary"],
    )


def _primary_before(entry: Entry) -> str:
    return entry.instance.phone if entry.outcome == UPDATED else ""
