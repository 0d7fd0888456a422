"""Changing a sequence: a draft is written, checked, and put live by somebody who may; what runs keeps its version."""

from collections.abc import Sequence as Rows
from dataclasses import dataclass, field
from datetime import datetime

from django.db import IntegrityError, transaction

from common.errors import Refused
from members import audit
from members.models import Service, StaffRole, StaffUser
from outreach import late_facts, wording_rules
from outreach.models import Message, Sequence, SequenceVersion, Step
from outreach.offers import ACTS, TIMES
from outreach.wording_rules import Finding

Role = StaffRole.Role
# R169: what is marketing is read by somebody responsible for claims.
_MAY_APPROVE_MARKETING = frozenset({Role.OWNER, Role.CLINICIAN})
_MAY_APPROVE = frozenset({Role.OWNER, Role.CLINICIAN, Role.MANAGER})
_LONGEST_DAYS = 365
TAKEN = "taken"
_TAKEN = "A colleague saved a version meanwhile. Look at both, then save again."


@dataclass(frozen=True)
class DraftStep:
    """A step as somebody wrote it; see `models.Step`."""

    day: int
    hour: int | None
    channel: str
    kind: str
    wording: str
    wording_es: str = ""
    choices: tuple[str, ...] = field(default=())


def check(steps: Rows[DraftStep], stops: Rows[str]) -> list[tuple[int | None, Finding]]:
    """What is to be mended: (number of the step, finding), the number None for the sequence as a whole."""
    found: list[tuple[int | None, Finding]] = []
    if not steps:
        found.append((None, Finding("A sequence has at least one step.")))
    if not stops:
        found.append((None, Finding("Nothing ends it early: choose at least one stop.")))
    found += [(None, Finding(f"“{stop}” is not a stop.")) for stop in stops if stop not in late_facts.STOPS]
    names = _service_names()
    for place, step in enumerate(steps):
        if place and step.day < steps[place - 1].day:
            found.append((place, Finding("It comes before the step above it: days may not go back.")))
        if step.day > _LONGEST_DAYS:
            found.append((place, Finding("A sequence ends within a year.")))
        if step.hour is not None and not 0 <= step.hour <= 23:
            found.append((place, Finding("The hour is 0 to 23.")))
        found += [(place, finding) for finding in _of_step(step, place == 0, names)]
    return found


def draft(
    *,
    sequence: Sequence,
    steps: Rows[DraftStep],
    stops: Rows[str],
    note: str,
    by: StaffUser,
    now: datetime,
    seen: int | None = None,
) -> SequenceVersion:
    """Keep a new version, not live yet. Raises Refused with the first error; nothing is kept then.

    `seen`: the newest number when the editing began. Refused (taken) where somebody has saved another since.
    """
    errors = [(place, finding) for place, finding in check(steps, stops) if finding.is_error]
    if errors:
        place, finding = errors[0]
        raise Refused(f"Step {place + 1}: {finding.words}" if place is not None else finding.words, code="bad_wording")
    try:
        with transaction.atomic():
            last = sequence.versions.order_by("-number").values_list("number", flat=True).first() or 0
            if seen is not None and last != seen:
                raise Refused(_TAKEN, code=TAKEN)
            version = SequenceVersion.objects.create(
                sequence=sequence, number=last + 1, stops=list(stops), note=note[:200], made_at=now, made_by=by
            )
            Step.objects.bulk_create(_row(version, place, step) for place, step in enumerate(steps))
            _trace("drafted", version, by, now)
    except IntegrityError:  # one_version_a_number
        raise Refused(_TAKEN, code=TAKEN) from None
    return version


def approve(*, version: SequenceVersion, by: StaffUser, now: datetime) -> None:
    """Put a draft live: who is enrolled from now on gets it. Raises Refused for who may not, or what is old."""
    marketing = version.steps.filter(kind=Message.Kind.MARKETING).exists()
    if by.role_names().isdisjoint(_MAY_APPROVE_MARKETING if marketing else _MAY_APPROVE):
        raise Refused("An owner or a clinician has to read marketing wording before it is live.", code="not_yours")
    if version.sequence.versions.filter(number__gt=version.number, approved_at__isnull=False).exists():
        raise Refused("A later version is live. Take its wording, or save this one anew.", code="old")
    with transaction.atomic():
        waiting = SequenceVersion.objects.filter(pk=version.pk, approved_at__isnull=True)
        if waiting.update(approved_at=now, approved_by=by):
            _trace("approved", version, by, now)


def newest(sequence: Sequence) -> SequenceVersion | None:
    """The version that was saved last, live or not."""
    return sequence.versions.select_related("made_by").order_by("-number").first()


def as_drafts(version: SequenceVersion | None) -> list[DraftStep]:
    """The steps of a version, to start a new one from."""
    rows = version.steps.all() if version else ()
    return [
        DraftStep(step.day, step.hour, step.channel, step.kind, step.wording, step.wording_es, tuple(step.choices))
        for step in rows
    ]


def _of_step(step: DraftStep, first: bool, services: Rows[str]) -> list[Finding]:
    found = [Finding(f"“{act}” is not a reply that we know.") for act in step.choices if act not in (*ACTS, TIMES)]
    if step.channel not in Step.Channel.values:
        return [*found, Finding("Choose how it is sent.")]
    if step.channel in (Step.Channel.STAFF, Step.Channel.VOICE):
        return found + wording_rules.staff_findings(step.wording)
    found += wording_rules.findings(step.wording, kind=step.kind, first=first, choices=step.choices, services=services)
    if not step.wording_es.strip():
        return [*found, Finding("No Spanish wording: patients who speak Spanish get the English one.", is_error=False)]
    spanish = wording_rules.findings(step.wording_es, kind=step.kind, first=first, services=services)
    return found + [Finding(f"In Spanish: {each.words}", each.is_error) for each in spanish]


def _service_names() -> list[str]:
    names: list[str] = []
    for name, nicknames in Service.objects.values_list("name", "nicknames"):
        names += [name, *nicknames]
    return names


def _row(version: SequenceVersion, position: int, step: DraftStep) -> Step:
    return Step(
        version=version,
        position=position,
        day=step.day,
        hour=step.hour,
        channel=step.channel,
        kind=step.kind,
        wording=step.wording,
        wording_es=step.wording_es,
        choices=list(step.choices),
    )


def _trace(act: str, version: SequenceVersion, by: StaffUser, now: datetime) -> None:
    data = {"sequence": version.sequence.slug, "version": version.number}
    audit.record(f"sequence.{act}", actor=f"staff:{by.pk}", patient=None, now=now, data=data)
