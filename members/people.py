"""Who somebody is and what reaches them: numbers, e-mail addresses, language, place.

Several people may share a number; then nothing about any of them is said there until it is clear who writes (R111).
"""

from datetime import datetime
from typing import Any

from django.db import transaction

from common import phones, redaction
from common.errors import Refused
from members import audit, consent
from members.models import ConsentEntry, Membership, Patient, PatientEmail, PatientPhone, StaffUser

SMS = ConsentEntry.Channel.SMS
_LONGEST = 60  # a name, as its column has it


def correct(*, patient: Patient, actor: str, now: datetime, **fields: Any) -> list[str]:
    """Set what a person is called, speaks, and where they live; returns the names of the fields that changed.

    `fields`: first_name, last_name, language, zip_code, state, time_zone, home_location, wants_renewal_notice. Values
    are not put on record, only that they changed (R119); a card number in a name is not kept (R123).
    """
    for name in {"first_name", "last_name"} & fields.keys():
        fields[name] = redaction.redact(fields[name])[:_LONGEST]
    with transaction.atomic():
        patient = Patient.objects.select_for_update(of=("self",)).get(pk=patient.pk)
        changed = sorted(name for name, value in fields.items() if getattr(patient, name) != value)
        for name in changed:
            setattr(patient, name, fields[name])
        if changed:
            patient.save(update_fields=changed)
            _trace("corrected", patient, actor, now, fields=changed)
    return changed


def add_phone(*, patient: Patient, written: str, actor: str, now: datetime) -> PatientPhone:
    """Add a number as it was written; the first one is where texts go. Raises Refused for what is no US number."""
    number = phones.to_e164(written)
    with transaction.atomic():
        Patient.objects.select_for_update().get(pk=patient.pk)
        phone, made = PatientPhone.objects.get_or_create(
            patient=patient, number=number, defaults={"is_primary": not patient.phones.exists()}
        )
        if made:
            _trace("number_added", patient, actor, now, primary=phone.is_primary)
    return phone


def text_to(*, patient: Patient, number: str, actor: str, now: datetime) -> None:
    """Make `number` the one that texts go to. Raises Refused for a number that is not the patient's."""
    with transaction.atomic():
        Patient.objects.select_for_update().get(pk=patient.pk)
        if not patient.phones.filter(number=number).exists():
            raise Refused("Add the number first.", code="not_theirs")
        patient.phones.filter(is_primary=True).exclude(number=number).update(is_primary=False)
        patient.phones.filter(number=number).update(is_primary=True)
        _trace("number_chosen", patient, actor, now)


def remove_phone(*, patient: Patient, number: str, actor: str, now: datetime) -> None:
    """Take a number off the patient. If texts went there, they go to the next number, or nowhere."""
    with transaction.atomic():
        Patient.objects.select_for_update().get(pk=patient.pk)
        _unlink(patient, number)
        _trace("number_removed", patient, actor, now)


def add_email(*, patient: Patient, address: str, actor: str, now: datetime) -> None:
    """Add an e-mail address; the first one is written to. `address` is a checked e-mail address."""
    address = address.strip().lower()
    with transaction.atomic():
        patient = Patient.objects.select_for_update(of=("self",)).get(pk=patient.pk)
        if address in patient.addresses():
            return
        if patient.email:
            PatientEmail.objects.create(patient=patient, address=address)
        else:
            patient.email = address
            patient.save(update_fields=["email"])
        _trace("email_added", patient, actor, now)


def remove_email(*, patient: Patient, address: str, actor: str, now: datetime) -> None:
    """Take an address off; if it was the one that is written to, the next takes its place."""
    with transaction.atomic():
        patient = Patient.objects.select_for_update(of=("self",)).get(pk=patient.pk)
        patient.emails.filter(address=address).delete()
        if patient.email.lower() == address:
            following = patient.emails.first()
            patient.email = following.address if following else ""
            patient.save(update_fields=["email"])
            if following:
                following.delete()
        _trace("email_removed", patient, actor, now)


def wrong_number(
    *, number: str, wording: str, source: str, now: datetime, by: StaffUser | None = None
) -> list[Patient]:
    """Whoever has the number now is not the patient (R15): stop everything to it, and take it off all who had it.

    Consent does not go with a number that changed hands. Returns those who had it; a person asks them for the new one.
    """
    actor = f"staff:{by.pk}" if by else "patient"
    with transaction.atomic():
        if not consent.is_opted_out(number, channel=SMS):
            consent.opt_out(address=number, channel=SMS, wording=wording, source=source, recorded_by=by, now=now)
        owners = list(Patient.objects.select_for_update(of=("self",)).filter(phones__number=number).order_by("pk"))
        for patient in owners:
            _unlink(patient, number)
            _trace("number_unlinked", patient, actor, now, because="wrong number")
    return owners


def set_payer(*, membership: Membership, payer: Patient | None, actor: str, now: datetime) -> None:
    """Who is asked for money for this membership; None: the member. Raises Refused for a payer under 18 (R170)."""
    if payer and payer.is_minor(now):
        raise Refused(f"{payer} is under 18. Choose an adult who pays.", code="minor")
    with transaction.atomic():
        membership = Membership.objects.select_for_update(of=("self",)).get(pk=membership.pk)
        membership.payer = None if payer == membership.patient else payer
        membership.save(update_fields=["payer"])
        data = {"membership": membership.pk, "payer": membership.payer_id}
        audit.record("membership.payer_set", actor=actor, patient=membership.patient, now=now, data=data)


def _unlink(patient: Patient, number: str) -> None:
    patient.phones.filter(number=number).delete()
    following = patient.phones.order_by("pk").first()
    if following and not patient.phones.filter(is_primary=True).exists():
        following.is_primary = True
        following.save(update_fields=["is_primary"])


def _trace(act: str, patient: Patient, actor: str, now: datetime, **data: Any) -> None:
    audit.record(f"patient.{act}", actor=actor, patient=patient, now=now, data=data)
