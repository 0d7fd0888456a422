"""A step as a real member would read it, before it is saved."""

from dataclasses import dataclass
from datetime import datetime

from common.errors import Refused
from members.models import Membership, Practice
from outreach import spoken, step_facts, wording, wording_rules
from outreach.editing import DraftStep, check
from outreach.models import Enrolment, Sequence, Step
from outreach.wording_rules import Finding

_LANGUAGES = ("en", "es")


@dataclass(frozen=True)
class Preview:
    """`texts`: (language, the text, its segments in words); `member` is whose facts are in it."""

    member: str
    texts: tuple[tuple[str, str, str], ...]
    found: tuple[Finding, ...]


def of(sequence: Sequence, step: DraftStep, *, first: bool, now: datetime) -> Preview:
    """With the facts of an active member; what only the audience knows is an example."""
    found = [finding for place, finding in check([step], ["ended"]) if place is not None]
    if not first:
        found = [finding for finding in found if "(R53)" not in finding.words or step.kind == "marketing"]
    membership = _member()
    if step.channel in (Step.Channel.STAFF, Step.Channel.VOICE) or membership is None:
        return Preview("", ((("For staff"), step.wording, ""),), tuple(found))
    texts = []
    for language in _LANGUAGES:
        template = step.wording_es if language == "es" else step.wording
        if template.strip():
            text = _text(template, sequence, membership, language, now)
            size = wording.segments(text)
            parts = "segment" if size.count == 1 else "segments"
            words = f"{size.count} {parts}, {len(text)} letters, {size.encoding}"
            texts.append(("Spanish" if language == "es" else "English", text, words))
    return Preview(membership.patient.full_name, tuple(texts), tuple(found))


def _member() -> Membership | None:
    rows = Membership.objects.filter(status=Membership.Status.ACTIVE).select_related(
        "patient__home_location", "plan_version", "payer"
    )
    return rows.filter(credits_remaining__gt=0).order_by("pk").first() or rows.order_by("pk").first()


def _text(template: str, sequence: Sequence, membership: Membership, language: str, now: datetime) -> str:
    imagined = Enrolment(sequence=sequence, membership=membership, cause="preview", started_at=now)
    known = step_facts.for_patient(imagined, practice=Practice.current())
    examples = dict(wording_rules.PLACEHOLDERS)
    facts = examples | known | {"times": spoken.NO_TIMES.sentence(language)}
    try:
        return wording.render(template, facts).replace(wording.LINK, examples["link"])
    except Refused as refused:
        return refused.message
