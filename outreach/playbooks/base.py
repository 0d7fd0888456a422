"""How a default sequence is written down."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PlayStep:
    """`kind` is the message class; of a staff or voice step, the reason of the case that it opens (or falls back to).

    `day` counts from the enrolment, `hour` is on the patient's clock (None: as it began); `choices` are codes of
    `outreach.offers`.
    """

    day: int
    channel: str
    kind: str
    wording: str
    wording_es: str = ""
    hour: int | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Playbook:
    """`stops`: codes of `outreach.late_facts`. `holdout_percent`: who is left out, to see what it is worth."""

    steps: tuple[PlayStep, ...]
    stops: tuple[str, ...]
    holdout_percent: int = 10
