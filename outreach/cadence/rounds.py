"""The rounds of the week: which selections, on which weekdays, from which hour on a location's own clock."""

from collections.abc import Callable
from dataclasses import dataclass

from common.errors import Refused
from outreach.audiences import Moment, Selection, at_risk, due, growing, left, owing
from outreach.models import Sequence

Slug = Sequence.Slug
EVERY_DAY = frozenset(range(7))


@dataclass(frozen=True)
class Round:
    """`weekdays`: 0 is Monday. `hour`: nothing is planned before it, local time."""

    title: str
    what: str
    weekdays: frozenset[int]
    hour: int
    selections: tuple[Callable[[Moment], Selection], ...]


ROUNDS: dict[str, Round] = {
    "monday": Round(
        "Monday",
        "Members who pay and do not come",
        weekdays=frozenset({0}),
        hour=10,
        selections=(at_risk.select,),
    ),
    "wednesday": Round(
        "Wednesday",
        "Failed payments that nothing follows yet",
        weekdays=frozenset({2}),
        hour=10,
        selections=(owing.select,),
    ),
    "friday": Round(
        "Friday",
        "Memberships that ended 30 to 90 days ago, and pauses that nobody ends",
        weekdays=frozenset({4}),
        hour=10,
        selections=(left.select_lapsed, left.select_forgotten),
    ),
    "daily": Round(
        "Every day",
        "Required notices, members for whom the next plan would pay, and memberships that have just ended",
        weekdays=EVERY_DAY,
        hour=11,
        selections=(
            due.select_long_terms,
            due.select_wished,
            due.select_price_changes,
            due.select_pauses,
            due.select_yearly,
            growing.select,
            left.select_just_ended,
        ),
    ),
    "missed": Round(
        "Every evening",
        "Members who missed a visit today or called it off too late",
        weekdays=EVERY_DAY,
        hour=17,
        selections=(due.select_missed,),
    ),
}

# What the three rounds of the week say; the daily rounds may begin some of it as well.
SEQUENCES: dict[str, tuple[str, ...]] = {
    "monday": (Slug.UTILIZATION, Slug.UTILIZATION_60, Slug.COME_BACK, Slug.RHYTHM),
    "wednesday": (Slug.PAYMENT_RECOVERY,),
    "friday": (Slug.WIN_BACK, Slug.PAUSE_FORGOTTEN),
}

BY_HAND = "by_hand"
# A plan that staff make of members whom they chose; no clock runs it.
_CHOSEN = Round("By hand", "Members chosen by hand", weekdays=frozenset(), hour=0, selections=())


def of_plan(which: str) -> Round:
    """The round that a plan belongs to, also one made by hand. Raises Refused (no_such_cadence)."""
    return _CHOSEN if which == BY_HAND else named(which)


def named(which: str) -> Round:
    """Raises Refused (no_such_cadence)."""
    if which not in ROUNDS:
        raise Refused(f"There is no “{which}” cadence, only {', '.join(ROUNDS)}.", code="no_such_cadence")
    return ROUNDS[which]
