"""Consent and opt-out: append-only, the last word counts (R7-R16, R28-R38).

An opt-in belongs to a person, an address, a channel and a purpose. An opt-out belongs to the address and covers
everyone on it (settled.md 16). How far it reaches:

    STOP, "leave me alone", by any way    every purpose; by phone both texts and automated calls (R30, R32)
    "no offers, please" (withdraw)        that purpose on that channel, until that person agrees again
    unsubscribed from e-mail              every e-mail that is not owed by law (R39, R103); texts go on

Only the patient's own START lifts an opt-out of a number, and it brings back nothing that was never agreed to (R37).
After a merge the words of both rows count for the one person; what either refused stays refused.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Max, Q, QuerySet
from django.db.models.functions import Coalesce

from common import redaction
from common.errors import Refused
from members import audit, consent_wording
from members.models import ConsentEntry, Patient, StaffUser

Act, Channel, Purpose = ConsentEntry.Act, ConsentEntry.Channel, ConsentEntry.Purpose

# Revoking one of the two revokes both: they reach the same phone (R30).
_PHONE: tuple[str, ...] = (Channel.SMS, Channel.VOICE)


@dataclass(frozen=True)
class Standing:
    """What an address says to a channel, and the ids of what was said there on it, newest first."""

    opted_out: bool
    entries: list[int]


def opt_in(
    *,
    patient: Patient,
    address: str,
    channel: str,
    purpose: str,
    wording: str,
    source: str,
    now: datetime,
    agreed_at: datetime | None = None,
    evidence: str = "",
    recorded_by: StaffUser | None = None,
) -> ConsentEntry:
    """Record that the patient agreed, with the exact wording shown; `agreed_at`: when, if that was not just now.

    Raises Refused without wording (no proof, R7), for a patient under 18 (R170), and for a wording that lacks what
    consent to marketing or to automated calls must say (R10). A card number in what is kept is taken out (R123).
    """
    if not wording.strip():
        raise Refused("Say what the patient was shown; consent without its wording proves nothing.", code="no_wording")
    if patient.is_minor(now):
        raise Refused(f"{patient} is under 18. Minors are never messaged.", code="minor")
    if channel in _PHONE and purpose != Purpose.SERVICING:
        consent_wording.require_complete(wording)
    with transaction.atomic():
        entry = ConsentEntry.objects.create(
            patient=patient,
            address=_normal(address),
            channel=channel,
            purpose=purpose,
            act=Act.OPT_IN,
            wording=redaction.redact(wording),
            source=source,
            evidence=redaction.redact(evidence)[:160],
            occurred_at=agreed_at or now,
            recorded_by=recorded_by,
        )
        _trace(entry, f"staff:{recorded_by.pk}" if recorded_by else f"patient:{patient.pk}", now)
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
    return _address_entry(Act.OPT_OUT, address, channel, "", wording, source, now, recorded_by, patient)


def withdraw(
    *,
    address: str,
    channel: str,
    purpose: str,
    wording: str,
    source: str,
    now: datetime,
    recorded_by: StaffUser | None = None,
    patient: Patient | None = None,
) -> ConsentEntry:
    """Stop one purpose at the address and leave the others, where the person said so. What is unclear is an opt_out."""
    return _address_entry(Act.OPT_OUT, address, channel, purpose, wording, source, now, recorded_by, patient)


def resubscribe(
    *, address: str, channel: str, wording: str, source: str, now: datetime, patient: Patient | None = None
) -> ConsentEntry:
    """The patient texted START: earlier consents count again, and nothing that was never agreed to (R37)."""
    return _address_entry(Act.RESUBSCRIBE, address, channel, "", wording, source, now, None, patient)


def is_opted_out(address: str, *, channel: str) -> bool:
    """Whether the last opt-out or START on the address was an opt-out."""
    return standing(address, channel=channel).opted_out


def standing(address: str, *, channel: str) -> Standing:
    """`is_opted_out` and what it was read from, in one question."""
    said = ConsentEntry.objects.filter(address=_normal(address), channel__in=_reach(channel)).order_by("-pk")
    rows = list(said.values_list("pk", "channel", "purpose", "act"))
    last = next((act for _, _, purpose, act in rows if not purpose and act != Act.OPT_IN), None)
    return Standing(last == Act.OPT_OUT, [pk for pk, on, _, _ in rows if on == channel])


def allows(*, patient: Patient, address: str, channel: str, purpose: str) -> bool:
    """Whether this person agreed to this purpose at this address, and neither it nor the address was revoked since."""
    agreed = _said_by(patient, address, channel, purpose).aggregate(last=Max("occurred_at"))["last"]
    if agreed is None or is_opted_out(address, channel=channel):
        return False
    # By when it was said: a form signed earlier and keyed in later does not outweigh a withdrawal.
    withdrawals = _withdrawals(channel, purpose).filter(address=_normal(address))
    withdrawn = withdrawals.aggregate(last=Max("occurred_at"))["last"]
    return withdrawn is None or bool(agreed > withdrawn)


def allows_automated_calls(*, patient: Patient, address: str) -> bool:
    """Whether this person agreed to an artificial voice at this number, and did not revoke it since (R41)."""
    purposes = (Purpose.AUTOMATED_VOICE, Purpose.SERVICING)
    return any(allows(patient=patient, address=address, channel=Channel.VOICE, purpose=each) for each in purposes)


def asked_not_to_be_called(address: str) -> bool:
    """Staff see it before they dial (R40): the last word about calls to the number was an opt-out."""
    said = ConsentEntry.objects.filter(address=address, channel=Channel.VOICE, purpose="").exclude(act=Act.OPT_IN)
    return said.order_by("-pk").values_list("act", flat=True).first() == Act.OPT_OUT


def opted_out_addresses(*, channel: str) -> set[str]:
    """Every address whose last opt-out or START was an opt-out: `is_opted_out` for a whole list."""
    last = dict(_whole_opt_outs(channel).order_by("pk").values_list("address", "act"))
    return {address for address, act in last.items() if act == Act.OPT_OUT}


def agreements(*, channel: str, purpose: str) -> set[tuple[int, str]]:
    """(patient id, address) of everyone who agreed and did not withdraw; whether the address opted out is another
    question."""
    agreed = ConsentEntry.objects.filter(channel=channel, purpose=purpose, act=Act.OPT_IN, patient__isnull=False)
    withdrawn = dict(_withdrawals(channel, purpose).order_by("occurred_at").values_list("address", "occurred_at"))
    said = agreed.values_list(Coalesce("patient__merged_into", "patient"), "address", "occurred_at")
    return {(patient, address) for patient, address, at in said if address not in withdrawn or at > withdrawn[address]}


def history(patient: Patient) -> QuerySet[ConsentEntry]:
    """Everything said by the patient or at the patient's numbers and e-mail addresses, newest first."""
    people = Patient.objects.with_merged(patient)
    about = Q(patient__in=people) | Q(address__in=patient.addresses(), patient=None)
    return ConsentEntry.objects.filter(about).select_related("recorded_by").order_by("-pk")


def proof(entry: ConsentEntry) -> str:
    """SHA-256 of what was said, kept in the chained audit trail: a changed proof shows (R118)."""
    said = (entry.patient_id, entry.address, entry.channel, entry.purpose, entry.act, entry.wording, entry.source)
    return hashlib.sha256("\n".join(map(str, (*said, entry.occurred_at.isoformat()))).encode()).hexdigest()


def _said_by(patient: Patient, address: str, channel: str, purpose: str) -> QuerySet[ConsentEntry]:
    person = Q(patient=patient) | Q(patient__merged_into=patient)
    return ConsentEntry.objects.filter(
        person, address=_normal(address), channel=channel, purpose=purpose, act=Act.OPT_IN
    )


def _whole_opt_outs(channel: str) -> QuerySet[ConsentEntry]:
    """Opt-outs of every purpose and what lifted them."""
    return ConsentEntry.objects.filter(channel__in=_reach(channel), purpose="").exclude(act=Act.OPT_IN)


def _reach(channel: str) -> tuple[str, ...]:
    return _PHONE if channel in _PHONE else (channel,)


def _withdrawals(channel: str, purpose: str) -> QuerySet[ConsentEntry]:
    return ConsentEntry.objects.filter(channel=channel, purpose=purpose, act=Act.OPT_OUT)


def _normal(address: str) -> str:
    """E-mail addresses are kept in lower case; a number is E.164 or what the carrier sent."""
    return address.strip().lower() if "@" in address else address


def _address_entry(
    act: str,
    address: str,
    channel: str,
    purpose: str,
    wording: str,
    source: str,
    now: datetime,
    recorded_by: StaffUser | None,
    patient: Patient | None,
) -> ConsentEntry:
    with transaction.atomic():
        entry = ConsentEntry.objects.create(
            patient=patient,
            address=_normal(address),
            channel=channel,
            purpose=purpose,
            act=act,
            wording=redaction.redact(wording),
            source=source,
            occurred_at=now,
            recorded_by=recorded_by,
        )
        _trace(entry, f"staff:{recorded_by.pk}" if recorded_by else "patient", now)
    return entry


def _trace(entry: ConsentEntry, actor: str, now: datetime) -> None:
    data = {
        "entry": entry.pk,
        "channel": entry.channel,
        "purpose": entry.purpose,
        "source": entry.source,
        "proof": proof(entry),
    }
    audit.record(f"consent.{entry.act}", actor=actor, patient=entry.patient, now=now, data=data)
