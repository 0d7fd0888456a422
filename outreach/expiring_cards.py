"""Cards that will have expired at the next charge: told of some days before, and only if nothing renews them.

Most expiring cards are renewed by the card networks without a word (Stripe tells of it), so a reminder weeks ahead is
a false alarm. Stripe is asked again before the text goes (`late_facts`).
"""

from datetime import datetime, timedelta

from common.rounds import in_time
from members.models import Membership
from outreach import late_facts, sequences
from outreach.models import Sequence

AHEAD = timedelta(days=7)


def remind(*, now: datetime) -> int:
    """Enrol the active members whose card is good now, is not at their next charge, and that comes within AHEAD.

    Once a card: the cause names its last month. Returns how many were enrolled.
    """
    coming = Membership.objects.filter(
        status=Membership.Status.ACTIVE,
        current_period_end__gt=now,
        current_period_end__lte=now + AHEAD,
        card_exp_year__isnull=False,
    ).select_related("patient", "location")
    reminded = 0
    for membership in in_time([each for each in coming if _expires_first(each)]):
        reminded += bool(
            sequences.enrol(
                slug=Sequence.Slug.EXPIRING_CARD,
                membership=membership,
                cause=f"card:{membership.card_last4}:{membership.card_exp_year}-{membership.card_exp_month:02d}",
                signals={"card": membership.card_last4},
                now=now,
            )
        )
    return reminded


def _expires_first(membership: Membership) -> bool:
    due, year, month = membership.current_period_end, membership.card_exp_year, membership.card_exp_month
    return due is not None and year is not None and month is not None and late_facts.expires_before(year, month, due)
