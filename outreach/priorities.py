"""Which workflow goes first when two want the same patient: person > recovery > reply > nudge > upgrade > win-back.

A person and a reply are no sequences: the gate sees them in holds and in what the patient wrote.
"""

from outreach.models import Sequence

Slug = Sequence.Slug

RECOVERY = (Slug.PAYMENT_RECOVERY,)
_NUDGES = (Slug.MISSED_VISIT, Slug.COME_BACK, Slug.UTILIZATION_60, Slug.RHYTHM, Slug.UTILIZATION)
_UPGRADES = (Slug.UPGRADE,)
_WIN_BACK = (Slug.PAUSE_FORGOTTEN, Slug.WIN_BACK, Slug.REMIND_LATER)
_ORDER = (RECOVERY, _NUDGES, _UPGRADES, _WIN_BACK)


def above(slug: str) -> tuple[str, ...]:
    """The sequences that go before this one; none for a sequence that is in no order, as a notice."""
    for place, group in enumerate(_ORDER):
        if slug in group:
            return tuple(one for before in _ORDER[:place] for one in before)
    return ()
