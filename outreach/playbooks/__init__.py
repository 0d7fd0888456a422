"""The default sequences as data, in our own words, and the few texts that are no step of a sequence.

A text never says stolen, lost, fraud or a decline code (R140), never names a treatment (R107), and fits two segments
(R74). Spanish is written so that it needs no letter outside GSM-7 where that reads well. The first text of a sequence
and every marketing text say how to stop (R53). Placeholders: `outreach/step_facts.py` fills them.
"""

from datetime import datetime

from django.db import transaction

from common import clock
from outreach.models import Sequence, SequenceVersion, Step
from outreach.playbooks.base import Playbook, PlayStep
from outreach.playbooks.growth import GROWTH
from outreach.playbooks.money import MONEY
from outreach.playbooks.notices import NOTICES
from outreach.playbooks.nudges import NUDGES
from outreach.playbooks.standing import (
    CHOICES,
    CONFIRM_PAYMENT,
    GENTLE_NOTICE,
    GRACE_ENDED,
    GRACE_PAUSED,
    HELP,
    OPTED_OUT,
    PAUSE_ASKED,
    PAYMENT_LINK,
    STILL_ON,
    STILL_WANTED,
    THANKS,
)

__all__ = [
    "CHOICES",
    "CONFIRM_PAYMENT",
    "GENTLE_NOTICE",
    "GRACE_ENDED",
    "GRACE_PAUSED",
    "HELP",
    "OPTED_OUT",
    "PAUSE_ASKED",
    "PAYMENT_LINK",
    "PLAYBOOKS",
    "STILL_ON",
    "STILL_WANTED",
    "THANKS",
    "install",
]

PLAYBOOKS: dict[str, Playbook] = {**MONEY, **NUDGES, **GROWTH, **NOTICES}


def install() -> None:
    """Create the sequences that are missing. What a practice has changed stays as it is."""
    now = clock.now()
    there = set(Sequence.objects.values_list("slug", flat=True))
    with transaction.atomic():
        for slug, playbook in PLAYBOOKS.items():
            if slug not in there:
                _install_one(slug, playbook, now)


def _install_one(slug: str, playbook: Playbook, now: datetime) -> None:
    sequence = Sequence.objects.create(
        slug=slug, name=Sequence.Slug(slug).label, holdout_percent=playbook.holdout_percent
    )
    version = SequenceVersion.objects.create(
        sequence=sequence,
        number=1,
        stops=list(playbook.stops),
        note="As shipped.",
        made_at=now,
        approved_at=now,
    )
    Step.objects.bulk_create(_row(version, place, step) for place, step in enumerate(playbook.steps))


def _row(version: SequenceVersion, position: int, step: PlayStep) -> Step:
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
