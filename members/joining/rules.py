"""A plan's rules about time, worked out for one membership: minimum term, notice, how long a pause may be."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from django.db.models import Sum

from common import clock
from common.errors import Refused
from members.models import Membership, PlanVersion, Quote

Act = Quote.Act
_AGREED = (Act.START, Act.RESTART, Act.UPGRADE, Act.DOWNGRADE)
LONGEST_SEARCH = 240  # periods; a minimum term of twenty years is nobody's


def day(when: datetime, membership: Membership) -> str:
    """'March 12, 2027', on the location's calendar."""
    return words(clock.local_date(when, membership.location.time_zone))


def words(on: date) -> str:
    return f"{on:%B} {on.day}, {on.year}"


def interval_months(version: PlanVersion) -> int:
    return 12 if version.interval == PlanVersion.Interval.YEAR else 1


def next_period_end(membership: Membership, now: datetime) -> datetime:
    return next(_period_ends(membership, now))


def term_ends_at(membership: Membership, now: datetime) -> datetime | None:
    """The end of the minimum term; None when there is none or it is over."""
    version = membership.plan_version
    if not version.minimum_term_months:
        return None
    done = membership.quotes.filter(state=Quote.State.DONE)
    agreed = done.filter(act__in=_AGREED, plan_version=version).order_by("-pk").first()
    began = agreed.takes_effect_at if agreed else clock.midnight(membership.started_on, membership.location.time_zone)
    months = version.minimum_term_months
    if version.freeze_extends_term:
        frozen = done.filter(act=Act.PAUSE, settled_at__gte=began).aggregate(total=Sum("months"))["total"]
        months += frozen or 0
    ends = clock.months_later(began, months)
    return ends if ends > now else None


def earliest_end(membership: Membership, now: datetime) -> datetime:
    """The first end of a period that minimum term and notice allow."""
    may_end = max(term_ends_at(membership, now) or now, now + timedelta(days=membership.plan_version.notice_days))
    for count, ends in enumerate(_period_ends(membership, now)):
        # A term is counted in days of the calendar: it ends on the day of a charge, not at its minute.
        if ends >= may_end or _same_day(ends, may_end, membership):
            return ends
        if count > LONGEST_SEARCH:
            break
    raise Refused("We could not work out when your membership can end. Please call us.", code="no_end")


def minimum_sentence(membership: Membership, now: datetime) -> str:
    """'Your plan has a 4-month minimum; it ends on March 12, 2027.'; '' when none runs."""
    ends = term_ends_at(membership, now)
    months = membership.plan_version.minimum_term_months
    return f"Your plan has a {months}-month minimum; it ends on {day(ends, membership)}." if ends else ""


def early_end_fee(membership: Membership, now: datetime) -> int:
    """Cents for which the membership may end now, before its minimum term; 0 where that is not offered."""
    if membership.status != Membership.Status.ACTIVE or not term_ends_at(membership, now):
        return 0
    return membership.plan_version.early_end_fee_cents


def require_early_end(membership: Membership, now: datetime) -> int:
    """The fee. Raises Refused where the membership cannot be bought out of its minimum term."""
    if fee := early_end_fee(membership, now):
        return fee
    raise Refused("Your membership cannot end at once for a fee. It can end with a paid period.", code="no_early_end")


def freeze_months_left(membership: Membership, now: datetime) -> int:
    """How many more payments may be skipped within twelve months."""
    lately = membership.quotes.filter(
        act=Act.PAUSE, state=Quote.State.DONE, settled_at__gt=clock.months_later(now, -12)
    ).aggregate(total=Sum("months"))["total"]
    return max(0, membership.plan_version.freeze_months_per_year - (lately or 0))


def require_freeze(membership: Membership, *, months: int, freeze: str, now: datetime) -> None:
    """Raises Refused with the rule that the wish breaks."""
    version = membership.plan_version
    if not version.freezes_offered:
        raise Refused("Your plan has no pause. You can change the plan or cancel instead.", code="no_freeze")
    if version.interval == PlanVersion.Interval.YEAR:
        raise Refused("A plan that is paid by the year cannot be paused online. Please call us.", code="yearly")
    if freeze not in version.freezes_offered:
        raise Refused("Your plan does not offer this kind of pause.", code="no_such_freeze")
    if freeze == PlanVersion.Freeze.REDUCED_PRICE:
        _require_reduced(membership)
    left = freeze_months_left(membership, now)
    if not left:
        each_year = version.freeze_months_per_year
        raise Refused(f"Your plan allows {each_year} paused months a year, and they are used up.", code="freeze_used")
    if not 1 <= months <= left:
        most = "1 month" if left == 1 else f"{left} months"
        raise Refused(f"You can pause for up to {most} now.", code="freeze_too_long")


def _require_reduced(membership: Membership) -> None:
    """A reduced price follows on paid periods, and takes the place of no other change that Stripe has scheduled."""
    if not membership.plan_version.stripe_freeze_price_id:
        raise Refused("This kind of pause is not set up yet. Please call us.", code="no_freeze_price")
    if membership.status == Membership.Status.PAST_DUE:
        raise Refused("A payment is open. Once it is paid, you can do this.", code="unpaid")
    if membership.next_plan_version_id:
        raise Refused("Your plan changes with the next payment. You can do this after it.", code="change_planned")


def _period_ends(membership: Membership, now: datetime) -> Iterator[datetime]:
    """Ends of periods from the present one on."""
    first = membership.current_period_end
    if first is None:
        raise Refused("This membership is not set up for payments yet. Please call us.", code="no_period")
    step, count = interval_months(membership.plan_version), 0
    while True:
        ends = clock.months_later(first, step * count)
        if ends > now:
            yield ends
        count += 1


def _same_day(one: datetime, other: datetime, membership: Membership) -> bool:
    zone = membership.location.time_zone
    return clock.local_date(one, zone) == clock.local_date(other, zone)
