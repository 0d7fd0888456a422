"""The one gate: whether a message may go out now, and why not (R1-R4).

Asked when a message is made and again right before the provider call. The first denial is the reason that staff see.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.db import transaction
from django.db.models import Q

from common import phones
from common.errors import Refused
from members import consent, holds
from members.models import ConsentEntry, Escalation, Hold, Location, Patient, Practice
from outreach import handovers, late_facts, legal_tables, quiet_hours
from outreach.models import Enrolment, GateDecision, Message, Sequence
from outreach.quiet_hours import Place

Kind, Status = Message.Kind, Message.Status

OPT_OUT_CONFIRMATION_WITHIN = timedelta(minutes=5)  # R35
FINISHED = "finished"

_SWITCHES = {Sequence.Slug.PAYMENT_RECOVERY: "recovery_on", Sequence.Slug.UTILIZATION: "nudges_on"}
_PURPOSES = {
    Kind.SERVICING: ConsentEntry.Purpose.SERVICING,
    Kind.CONFIRMATION: ConsentEntry.Purpose.SERVICING,
    Kind.STAFF: ConsentEntry.Purpose.SERVICING,
    Kind.MARKETING: ConsentEntry.Purpose.MARKETING,
}
# What has reached the patient, or may have.
_WENT_OUT = (Status.SENT, Status.DELIVERED, Status.UNDELIVERED, Status.UNKNOWN)
_MAKES_IT_POINTLESS = frozenset({"too_late", "ended", "no_longer_true"})


@dataclass(frozen=True)
class Denial:
    """`words` are for staff. With `retry_at` the message waits until then; without, it is held, or dropped."""

    code: str
    words: str
    retry_at: datetime | None = None

    @property
    def drops(self) -> bool:
        """The message has become pointless; nobody needs to look at it."""
        return self.code in _MAKES_IT_POINTLESS


def may_not_send(message: Message, *, now: datetime) -> Denial | None:
    """Why this message may not go out at `now`; None if it may. Asks our own rows only."""
    return _first_denial(_Look(message, now))


def decide(message: Message, *, now: datetime) -> Denial | None:
    """`may_not_send`, kept as a row with what was looked at: ids, counts, places; no text and no number (R4)."""
    look = _Look(message, now)
    with transaction.atomic():
        denial = _first_denial(look)
        GateDecision.objects.create(
            message=message,
            at=now,
            allowed=denial is None,
            code=denial.code if denial else "",
            words=denial.words[:200] if denial else "",
            retry_at=denial.retry_at if denial else None,
            inputs=look.inputs,
            table_version=legal_tables.version(),
        )
    return denial


def places_for(patient: Patient | None, location: Location | None, address: str) -> tuple[Place, ...]:
    """Everywhere the patient may plausibly be: at home, where the number comes from, at the clinic (R19)."""
    clinic = location or (patient.home_location if patient else None)
    places = [Place(patient.state, patient.zone)] if patient else []
    places += [Place(phones.state(address), zone) for zone in phones.zones(address)]
    if clinic:
        places.append(Place(clinic.state, clinic.time_zone))
    return tuple(dict.fromkeys(places))


@dataclass
class _Look:
    """One question to the gate, and what was looked at for it."""

    message: Message
    now: datetime
    inputs: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def holds(self) -> set[str]:
        kinds = holds.open_kinds(self.message.address)
        self.inputs["holds"] = sorted(kinds)
        return kinds

    @cached_property
    def places(self) -> tuple[Place, ...]:
        places = places_for(self.message.patient, self.message.location, self.message.address)
        self.inputs["places"] = [[place.state, place.zone] for place in places]
        return places

    def next_open(self, after: datetime) -> datetime:
        return quiet_hours.next_allowed(after, self.places)


def _first_denial(look: _Look) -> Denial | None:
    look.inputs["kind"] = look.message.kind
    try:
        return next((denial for check in _CHECKS[Kind(look.message.kind)] if (denial := check(look))), None)
    except Refused as refused:  # places that are never open together
        return Denial(refused.code, refused.message)


def _no_phone(look: _Look) -> Denial | None:
    return None if look.message.address else Denial("no_phone", "There is no phone number on file.")


def _not_live(look: _Look) -> Denial | None:
    """Before the practice goes live nothing is sent by itself; after it has stopped, neither."""
    if Practice.current().live_since:
        return None
    return Denial("not_live", "The practice is not live yet.")


def _switched_off(look: _Look) -> Denial | None:
    enrolment = look.message.enrolment
    if enrolment is None or getattr(Practice.current(), _SWITCHES[Sequence.Slug(enrolment.sequence.slug)]):
        return None
    return Denial("switched_off", f"“{enrolment.sequence}” is switched off.")


def _halted(look: _Look) -> Denial | None:
    if Escalation.objects.filter(subject=handovers.SENDER_HALTED).exclude(state=Escalation.State.RESOLVED).exists():
        return Denial("halted", "Texting is stopped until the open case is resolved.", look.now + timedelta(minutes=15))
    return None


def _opted_out(look: _Look) -> Denial | None:
    address = look.message.address
    entries = ConsentEntry.objects.filter(address=address, channel=look.message.channel).order_by("-pk")
    look.inputs["consent_entries"] = list(entries.values_list("pk", flat=True)[:5])
    if consent.is_opted_out(address, channel=look.message.channel):
        return Denial("opted_out", "The patient opted out of texts.")
    return None


def _minor(look: _Look) -> Denial | None:
    patient = look.message.patient
    return Denial("minor", "The patient is under 18.") if patient and patient.is_minor(look.now) else None


def _clinical_hold(look: _Look) -> Denial | None:
    if Hold.Kind.CLINICAL in look.holds:
        return Denial("clinical_hold", "Held until a clinician clears the patient.")
    return None


def _dispute_hold(look: _Look) -> Denial | None:
    return Denial("dispute_hold", "A payment dispute is open.") if Hold.Kind.DISPUTE in look.holds else None


def _person_hold(look: _Look) -> Denial | None:
    if Hold.Kind.PERSON not in look.holds or _says_who_will_answer(look.message):
        return None
    return Denial("person_hold", "A person has this conversation.")


def _says_who_will_answer(message: Message) -> bool:
    """The concierge's last word: made in the act that handed the conversation over, not after a person took it."""
    return message.kind == Kind.REPLY and (
        Hold.objects.filter(
            phone=message.address,
            kind=Hold.Kind.PERSON,
            released_at__isnull=True,
            placed_by__isnull=True,
            placed_at__gte=message.created_at,
        ).exists()
    )


def _consent(look: _Look) -> Denial | None:
    message, purpose = look.message, _PURPOSES[Kind(look.message.kind)]
    if message.kind != Kind.MARKETING and _wrote_to_us(message):
        return None
    agreed = message.patient and consent.allows(
        patient=message.patient, address=message.address, channel=message.channel, purpose=purpose
    )
    if agreed:
        return None
    return Denial(f"no_{purpose}_consent", f"There is no consent to {purpose} texts on file for this number.")


def _wrote_to_us(message: Message) -> bool:
    """An answer or an acknowledgement to somebody who texted us needs no consent form (R22)."""
    if message.kind not in (Kind.STAFF, Kind.CONFIRMATION):
        return False
    lately = message.created_at - timedelta(days=30)
    texts = Message.objects.filter(direction=Message.Direction.IN, address=message.address, created_at__gte=lately)
    return texts.exists()


def _quiet_hours(look: _Look) -> Denial | None:
    if quiet_hours.is_open(look.now, look.places):
        return None
    return Denial("quiet_hours", "Outside the hours for texts where the patient may be.", look.next_open(look.now))


def _caps(look: _Look) -> Denial | None:
    waits = []
    for limit in legal_tables.contact_limits().limits:
        if look.message.kind not in limit.counts:
            continue
        times = _contacts(look.message, limit.counts, since=look.now - limit.window)
        look.inputs.setdefault("counts", {})[limit.name] = len(times)
        if len(times) >= limit.most:
            waits.append(times[limit.most - 1] + limit.window)
    if not waits:
        return None
    return Denial("cap", "Enough texts for now.", look.next_open(max(waits)))


def _contacts(message: Message, kinds: tuple[str, ...], *, since: datetime) -> list[datetime]:
    """When this person was texted since then, newest first. Of two being sent, the earlier claim wins."""
    reaches = Q(address=message.address)
    if message.patient_id:
        reaches |= Q(patient_id=message.patient_id)
    went = Q(status__in=_WENT_OUT)
    if message.claimed_at is None:
        went |= Q(status=Status.SENDING)
    else:
        went |= Q(status=Status.SENDING, claimed_at__lt=message.claimed_at)
        went |= Q(status=Status.SENDING, claimed_at=message.claimed_at, pk__lt=message.pk)
    contacts = Message.objects.filter(reaches, went, kind__in=kinds, claimed_at__gt=since).exclude(pk=message.pk)
    return [when for when in contacts.order_by("-claimed_at").values_list("claimed_at", flat=True) if when]


def _late_facts(look: _Look) -> Denial | None:
    enrolment = look.message.enrolment
    if enrolment is None:
        return None
    # After its last step a sequence is finished while that step's text may still be waiting for the morning.
    if enrolment.status == Enrolment.Status.ENDED and enrolment.ended_because != FINISHED:
        return Denial("ended", f"The sequence ended: {enrolment.ended_because}.")
    pointless = late_facts.no_longer_true(enrolment, now=look.now)
    return Denial("no_longer_true", pointless.words) if pointless else None


def _too_late(look: _Look) -> Denial | None:
    if look.now - look.message.created_at >= OPT_OUT_CONFIRMATION_WITHIN:
        return Denial("too_late", "An opt-out may be confirmed within five minutes only.")
    return None


_Check = Callable[[_Look], Denial | None]
_ALL: tuple[_Check, ...] = (
    _no_phone,
    _not_live,
    _switched_off,
    _opted_out,
    _minor,
    _clinical_hold,
    _dispute_hold,
    _person_hold,
    _consent,
    _halted,
    _quiet_hours,
    _caps,
    _late_facts,
)
# Replies and confirmations of the patient's own act go out at any hour and are not counted; staff also write during
# holds; nothing stops an emergency reply (settled.md 13).
_CHECKS: dict[Message.Kind, tuple[_Check, ...]] = {
    Kind.SERVICING: _ALL,
    Kind.MARKETING: _ALL,
    Kind.REPLY: (_no_phone, _not_live, _opted_out, _minor, _clinical_hold, _person_hold, _halted),
    Kind.CONFIRMATION: (
        _no_phone,
        _not_live,
        _switched_off,
        _opted_out,
        _minor,
        _clinical_hold,
        _person_hold,
        _consent,
        _halted,
    ),
    Kind.STAFF: (_no_phone, _opted_out, _minor, _consent, _halted),
    Kind.OPT_OUT: (_too_late, _minor),
    Kind.EMERGENCY: (),
}
