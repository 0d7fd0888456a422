"""The weekly round: a plan is the dry run, and `run` does exactly that plan.

Monday: members with unused credits and no appointment get the nudge. Enrolling is all a round does; the tick sends.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction

from common import clock
from common.errors import Refused
from members import audit, consent, holds
from members.models import ConsentEntry, Hold, Membership, Practice
from outreach import audiences, sequences, step_facts, wording
from outreach.models import Enrolment, Message, Sequence, Step

_TIER = 30  # days without an appointment; part of the cause, so that a stronger nudge at 60 can follow (settled.md 15)
_BATCH = 1000


@dataclass(frozen=True)
class Planned:
    """One member who will be enrolled, for what, and what the first text will say."""

    membership_id: int
    name: str
    cause: str
    words: str


@dataclass(frozen=True)
class Skipped:
    membership_id: int
    name: str
    why: str


@dataclass(frozen=True)
class CadencePlan:
    which: str
    on: date
    slug: str
    to_enrol: tuple[Planned, ...]
    skipped: tuple[Skipped, ...]


def plan(which: str, *, on: date, now: datetime) -> CadencePlan:
    """Who would get what, and why every other active member would not. Enrols nobody.

    Raises Refused (no_such_cadence).
    """
    if which != "monday":
        raise Refused(f"There is no “{which}” cadence yet, only monday.", code="no_such_cadence")
    slug, cause = Sequence.Slug.UTILIZATION, _cause(on)
    first = sequences.named(slug).steps.filter(channel=Step.Channel.SMS).select_related("sequence").first()
    practice, to_enrol, skipped = Practice.current(), [], []
    for membership, why in _judged(cause, on, now, practice):
        name = membership.patient.full_name
        if why:
            skipped.append(Skipped(membership.pk, name, why))
        else:
            to_enrol.append(Planned(membership.pk, name, cause, _words(first, membership, cause, practice)))
    return CadencePlan(which, on, slug, tuple(to_enrol), tuple(skipped))


def run(plan: CadencePlan, *, actor: str, now: datetime) -> int:
    """Enrol exactly the members of the plan; whoever is already enrolled for the cause stays as they are.

    One insert a thousand members and one audit row (settled.md 18). Returns how many were enrolled.
    """
    sequence = sequences.named(plan.slug)
    causes = {planned.cause for planned in plan.to_enrol}
    enrolled = Enrolment.objects.filter(sequence=sequence, cause__in=causes)
    with transaction.atomic():
        before = enrolled.count()
        Enrolment.objects.bulk_create(
            (
                Enrolment(
                    sequence=sequence,
                    membership_id=planned.membership_id,
                    cause=planned.cause,
                    started_at=now,
                    next_at=now,
                )
                for planned in plan.to_enrol
            ),
            ignore_conflicts=True,  # one_enrolment_a_cause
            batch_size=_BATCH,
        )
        made = enrolled.count() - before
        data = {"cadence": plan.which, "on": plan.on.isoformat(), "planned": len(plan.to_enrol), "enrolled": made}
        audit.record("cadence.run", actor=actor, patient=None, now=now, data=data)
    return made


def _cause(on: date) -> str:
    """Once a month and tier, however many Mondays it has: a nudge that comes each week is a nag."""
    return f"unused:{on:%Y-%m}:{_TIER}"


@dataclass(frozen=True)
class _Reach:
    """Who may be texted, read once for the whole list."""

    opted_out: set[str]
    agreed: set[tuple[int, str]]
    held: dict[str, set[str]]


def _reach() -> _Reach:
    sms = Message.Channel.SMS
    return _Reach(
        opted_out=consent.opted_out_addresses(channel=sms),
        agreed=consent.agreements(channel=sms, purpose=ConsentEntry.Purpose.MARKETING),
        held=holds.open_kinds_by_phone(),
    )


def _judged(cause: str, on: date, now: datetime, practice: Practice) -> Iterator[tuple[Membership, str]]:
    """Each active membership with the reason why it is skipped; '' for those to enrol."""
    chosen = set(audiences.unused_credits(on, now).values_list("pk", flat=True))
    enrolled = set(
        Enrolment.objects.filter(sequence__slug=Sequence.Slug.UTILIZATION, cause=cause).values_list(
            "membership_id", flat=True
        )
    )
    reach = _reach()
    everybody = audiences.active(on).select_related("patient__home_location", "location", "plan")
    for membership in everybody.prefetch_related("patient__phones").order_by("pk").iterator(chunk_size=_BATCH):
        if not practice.nudges_on:
            yield membership, "nudges are switched off"
        elif membership.pk in enrolled:
            yield membership, "already enrolled this month"
        elif membership.pk not in chosen:
            yield membership, _not_chosen(membership)
        else:
            yield membership, _unreachable(membership, reach, now)


def _not_chosen(membership: Membership) -> str:
    if membership.credits_remaining <= 0 or membership.next_appointment_at is None:
        return "no credits left"
    booked = clock.local(membership.next_appointment_at, membership.location.time_zone)
    return f"appointment on {booked:%B} {booked.day}"


def _unreachable(membership: Membership, reach: _Reach, now: datetime) -> str:
    """Why this member may not be texted at all. The gate asks again at each send; here it is for the list."""
    patient = membership.patient
    number = patient.phone
    if patient.is_minor(now):
        return "under 18"
    if not number:
        return "no phone number"
    if number in reach.opted_out:
        return "opted out of texts"
    if (patient.pk, number) not in reach.agreed:
        return "no consent to marketing texts"
    kinds = reach.held.get(number, set())
    if Hold.Kind.PERSON in kinds:
        return "a person has the conversation"
    if Hold.Kind.CLINICAL in kinds:
        return "held until a clinician clears the patient"
    if Hold.Kind.DISPUTE in kinds:
        return "a payment dispute is open"
    return ""


def _words(first: Step | None, membership: Membership, cause: str, practice: Practice) -> str:
    if first is None:
        return ""
    imagined = Enrolment(sequence=first.sequence, membership=membership, cause=cause)
    facts = step_facts.for_patient(imagined, practice=practice)
    return wording.render(first.wording_for(membership.patient.language), facts)
