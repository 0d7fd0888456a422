"""The rounds of the week: a plan is the dry run, and `run` enrols exactly its lines.

Monday: members who pay and do not come. Wednesday: failed payments that nothing follows. Friday: memberships that
ended or were paused. Planning and enrolling are a few set-based statements, however many members there are; the tick
sends. Every member whom a round concerns is a line, with the reason where they are skipped.
"""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cached_property

from django.db import IntegrityError, transaction
from django.db.models import Count, Q, QuerySet

from common import clock
from common.errors import Refused
from members import audit
from members.models import Location, Practice
from members.models.memberships import MembershipQuerySet
from outreach import gate, playbooks, spoken, step_facts, wording
from outreach.audiences import CHOSEN, Moment, Selection, by_hand
from outreach.cadence import reasons, rounds, selecting
from outreach.cadence.rounds import ROUNDS
from outreach.models import CadencePlan, Enrolment, PlanLine, Sequence, Step

log = logging.getLogger(__name__)

__all__ = [
    "ROUNDS",
    "Plan",
    "Planned",
    "Skipped",
    "chosen",
    "counted",
    "first_texts",
    "plan",
    "plan_by_hand",
    "preview",
    "run",
    "run_due",
    "skipped",
    "why_not",
]


@dataclass(frozen=True)
class Planned:
    """One member who will be enrolled, for what, and what the first text will say."""

    membership_id: int
    name: str
    cause: str
    words: str
    patient_id: int = field(default=0, compare=False)
    signals: dict[str, object] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class Skipped:
    membership_id: int
    name: str
    why: str
    patient_id: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Plan:
    """A plan's row with its lines in words. For a page, `preview` reads a part of them."""

    row: CadencePlan

    @property
    def which(self) -> str:
        return self.row.which

    @property
    def on(self) -> date:
        return self.row.on

    @cached_property
    def to_enrol(self) -> tuple[Planned, ...]:
        return tuple(preview(chosen(self.row)))

    @cached_property
    def skipped(self) -> tuple[Skipped, ...]:
        return tuple(why_not(skipped(self.row)))


def plan(which: str, *, on: date, now: datetime, location: Location | None = None, automatic: bool = False) -> Plan:
    """Who would get what, and why the others would not. Enrols nobody.

    Raises Refused (no_such_cadence); IntegrityError for a second automatic plan of a location's day.
    """
    round_, moment = rounds.named(which), _moment(on, now)
    with transaction.atomic():
        row = CadencePlan.objects.create(which=which, on=on, location=location, automatic=automatic, made_at=now)
        for select in round_.selections:
            selection = select(moment)
            if location:
                selection = _at(selection, location)
            selecting.write_lines(row, selection, moment)
    return Plan(row)


def plan_by_hand(*, slug: str, rows: MembershipQuerySet, on: date, actor: str, now: datetime) -> Plan:
    """Who of `rows` would get the sequence, and why the others would not. Enrols nobody.

    Raises Refused (not_by_hand, nobody).
    """
    if not rows.exists():
        raise Refused("Choose at least one member.", code="nobody")
    moment = _moment(on, now)
    selection = by_hand.select(moment, slug=slug, rows=rows)
    with transaction.atomic():
        row = CadencePlan.objects.create(which=rounds.BY_HAND, on=on, made_at=now)
        chosen_ = selecting.write_lines(row, selection, moment)
        data = {"plan": row.pk, "sequence": slug, "chosen": chosen_}
        audit.record("cadence.chosen_by_hand", actor=actor, patient=None, now=now, data=data)
    return Plan(row)


def run(plan: Plan, *, actor: str, now: datetime) -> int:
    """Enrol exactly the members of the plan; whoever is already enrolled for the cause stays as they are.

    One insert a sequence, one more for who is left out by lot, and one audit row (settled.md 18). Returns how many were
    enrolled.
    """
    row = plan.row
    with transaction.atomic():
        lines = PlanLine.objects.filter(plan=row, why=CHOSEN).order_by()
        counted = lines.values_list("sequence").annotate(Count("pk"), held=Count("pk", filter=Q(held_out=True)))
        planned, made, held = 0, 0, 0
        for sequence_id, chosen_, drawn in counted:
            planned += chosen_ - drawn
            made += selecting.enrol_lines(row, sequence_id, held_out=False, now=now)
            held += selecting.enrol_lines(row, sequence_id, held_out=True, now=now) if drawn else 0
        CadencePlan.objects.filter(pk=row.pk, ran_at__isnull=True).update(
            ran_at=now, ran_by=actor, enrolled=made, held_out=held
        )
        data = {"cadence": row.which, "on": row.on.isoformat(), "plan": row.pk, "planned": planned, "enrolled": made}
        audit.record("cadence.run", actor=actor, patient=None, now=now, data=data)
    return made


def run_due(*, now: datetime) -> int:
    """Plan and run what the clock of each location calls for today. Returns how many were enrolled."""
    enrolled, practice = 0, Practice.objects.order_by("pk").first()
    if practice is None or not practice.live_since:
        return 0
    done = set(
        CadencePlan.objects.filter(automatic=True, on__gte=now.date() - timedelta(days=2)).values_list(
            "which", "on", "location"
        )
    )
    for location in Location.objects.order_by("pk"):
        there = clock.local(now, location.time_zone)
        for which, round_ in ROUNDS.items():
            due = there.weekday() in round_.weekdays and there.hour >= round_.hour
            if due and (which, there.date(), location.pk) not in done:
                enrolled += _run_one(which, there.date(), location, now)
    return enrolled


def _run_one(which: str, on: date, location: Location, now: datetime) -> int:
    try:
        with transaction.atomic():
            planned = plan(which, on=on, now=now, location=location, automatic=True)
            return run(planned, actor="system", now=now)
    except IntegrityError:
        return 0  # one_automatic_plan_a_day: another worker was quicker
    except Exception:
        log.exception("round not run", extra={"round": which, "location_pk": location.pk})
        return 0  # the other rounds and locations still get their turn; this one is tried again in a minute


def chosen(row: CadencePlan) -> "QuerySet[PlanLine]":
    """The lines to enrol, without those drawn for the comparison."""
    return _readable(row).filter(why=CHOSEN, held_out=False)


def skipped(row: CadencePlan) -> "QuerySet[PlanLine]":
    return _readable(row).exclude(why=CHOSEN, held_out=False)


def counted(row: CadencePlan) -> list[tuple[str, int]]:
    """(code of the reason, how many), most frequent first."""
    rows = row.lines.exclude(why=CHOSEN, held_out=False).order_by()
    found = rows.values_list("why").annotate(count=Count("pk"))
    return sorted(((why or reasons.HELD_OUT, count) for why, count in found), key=lambda each: -each[1])


def preview(lines: Iterable[PlanLine]) -> Iterator[Planned]:
    """Lines with what their first text will say; times are looked up when it is sent."""
    practice, first = Practice.current(), first_texts()
    for line in lines:
        membership = line.membership
        name = membership.patient.full_name
        words = _words(first.get(line.sequence_id), line, practice)
        yield Planned(membership.pk, name, line.cause, words, membership.patient_id, line.signals)


def why_not(lines: Iterable[PlanLine]) -> Iterator[Skipped]:
    for line in lines:
        why = line.why or reasons.HELD_OUT
        words = reasons.words(why, line.membership, line.plan.which)
        patient = line.membership.patient
        yield Skipped(line.membership_id, patient.full_name, words, patient.pk)


def _readable(row: CadencePlan) -> "QuerySet[PlanLine]":
    facts = (
        "plan",
        "sequence",
        "membership__patient__home_location",
        "membership__location",
        "membership__plan_version",
        "membership__payer__home_location",
    )
    return row.lines.select_related(*facts).prefetch_related("membership__patient__phones").order_by("membership_id")


def _moment(on: date, now: datetime) -> Moment:
    sequences = {sequence.slug: sequence for sequence in Sequence.objects.all()}
    if not set(playbooks.PLAYBOOKS) <= set(sequences):
        playbooks.install()
        sequences = {sequence.slug: sequence for sequence in Sequence.objects.all()}
    practice = Practice.current()
    return Moment(on, now, sequences, frozenset(slug for slug in sequences if gate.is_live(slug, practice)))


def _at(selection: Selection, location: Location) -> Selection:
    return replace(selection, rows=selection.rows.filter(location=location))


def first_texts() -> dict[int, Step]:
    """The first text of each sequence's live version."""
    first: dict[int, Step] = {}
    approved = Step.objects.filter(version__approved_at__isnull=False).exclude(channel=Step.Channel.STAFF)
    for step in approved.select_related("version__sequence").order_by("-version__number", "position"):
        first.setdefault(step.version.sequence_id, step)
    return first


def _words(first: Step | None, line: PlanLine, practice: Practice) -> str:
    if first is None:
        return ""
    imagined = Enrolment(
        sequence=line.sequence,
        version=first.version,
        membership=line.membership,
        cause=line.cause,
        signals=line.signals,
        started_at=line.plan.made_at,
    )
    language = step_facts.recipient(imagined).language
    facts = step_facts.for_patient(imagined, practice=practice)
    facts["times"] = spoken.NO_TIMES.sentence(language)
    return wording.render(first.wording_for(language), facts)
