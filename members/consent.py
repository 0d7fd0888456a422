"""Consent and opt-out: append-only, the last word counts (R7-R16, R28-R38).

An opt-in belongs to a person, an address, a channel and a purpose. An opt-out belongs to the address: it covers
everyone on it and every purpose, and only the patient's own START lifts it (R32, R37, settled.md 16).
"""

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from common.errors import Refused
from members import audit
from members.models import ConsentEntry, Patient, StaffUser

Act = ConsentEntry.Act


def opt_in(
    *,
    patient: Patient,
    address: str,
    channel: str,
    purpose: str,
    wording: str,
    source: str,
    now: datetime,
    recorded_by: StaffUser | None = None,
) -> ConsentEntry:
    """Record that the patient agreed, with the exact wording shown. Raises Refused without wording (no proof, R7)."""
    if not wording.strip():
        raise Refused("Say what the patient was shown; consent without its wording proves nothing.", code="no_wording")
    with transaction.atomic():
        entry = ConsentEntry.objects.create(
            patient=patient,
            address=address,
            channel=channel,
            purpose=purpose,
            act=Act.OPT_IN,
            wording=wording,
            source=source,
            occurred_at=now,
            recorded_by=recorded_by,
        )
        _trace(entry, f"patient:{patient.pk}", now)
    return entry


def opt_out(
    *,
    address: str,
    channel: str,
    wording: str,
    source: str,
    now: datetime,
    recorded_by: StaffUser | None = None,
    patient: Patient | None = None,
) -> ConsentEntry:
    """Stop everything to the address on the channel, for everyone who uses it. Saying it twice is harmless."""
    return _address_entry(Act.OPT_OUT, address, channel, wording, source, now, recorded_by, patient)


def resubscribe(
    *, address: str, channel: str, wording: str, source: str, now: datetime, patient: Patient | None = None
) -> ConsentEntry:
    """The patient texted START: earlier consents count again, and nothing that was never agreed to (R37)."""
    return _address_entry(Act.RESUBSCRIBE, address, channel, wording, source, now, None, patient)


def is_opted_out(address: str, *, channel: str) -> bool:
    """Whether the last opt-out or START on the address was an opt-out."""
    last = (
        ConsentEntry.objects.filter(address=address, channel=channel)
        .exclude(act=Act.OPT_IN)
        .order_by("-pk")
        .values_list("act", flat=True)
        .first()
    )
    return last == Act.OPT_OUT


def allows(*, patient: Patient, address: str, channel: str, purpose: str) -> bool:
    """Whether this person agreed to this purpose at this address, and the address is not opted out."""
    agreed = ConsentEntry.objects.filter(
        patient=patient, address=address, channel=channel, purpose=purpose, act=Act.OPT_IN
    ).exists()
    return agreed and not is_opted_out(address, channel=channel)


def opted_out_addresses(*, channel: str) -> set[str]:
    """Every address whose last opt-out or START was an opt-out: `is_opted_out` for a whole list."""
    said = ConsentEntry.objects.filter(channel=channel).exclude(act=Act.OPT_IN).order_by("pk")
    last = dict(said.values_list("address", "act"))
    return {address for address, act in last.items() if act == Act.OPT_OUT}


def agreements(*, channel: str, purpose: str) -> set[tuple[int, str]]:
    """(patient id, address) of everyone who ever agreed; whether the address opted out since is another question."""
    agreed = ConsentEntry.objects.filter(channel=channel, purpose=purpose, act=Act.OPT_IN, patient__isnull=False)
    return set(agreed.values_list("patient_id", "address"))


def history(patient: Patient) -> QuerySet[ConsentEntry]:
    """Everything said by the patient or on the patient's numbers, newest first."""
    numbers = list(patient.phones.values_list("number", flat=True))
    return (
        ConsentEntry.objects.filter(patient=patient) | ConsentEntry.objects.filter(address__in=numbers, patient=None)
    ).order_by("-pk")


def _address_entry(
    act: str,
    address: str,
    channel: str,
    wording: str,
    source: str,
    now: datetime,
    recorded_by: StaffUser | None,
    patient: Patient | None,
) -> ConsentEntry:
    with transaction.atomic():
        entry = ConsentEntry.objects.create(
            patient=patient,
            address=address,
            channel=channel,
            act=act,
            wording=wording,
            source=source,
            occurred_at=now,
            recorded_by=recorded_by,
        )
        _trace(entry, f"staff:{recorded_by.pk}" if recorded_by else "patient", now)
    return entry


def _trace(entry: ConsentEntry, actor: str, now: datetime) -> None:
    data = {"entry": entry.pk, "channel": entry.channel, "purpose": entry.purpose, "source": entry.source}
    audit.record(f"consent.{entry.act}", actor=actor, patient=entry.patient, now=now, data=data)
