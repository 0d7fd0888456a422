"""Monday: who pays and does not come. One line a member: the strongest sign decides the sequence."""

from datetime import timedelta
from typing import Any

from django.db.models import (
    BigIntegerField,
    Case,
    DateTimeField,
    ExpressionWrapper,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce, JSONObject
from django.db.models.lookups import GreaterThan

from members.models import CreditEntry, Membership
from members.models.memberships import MembershipQuerySet
from outreach.audiences.base import (
    Epoch,
    Moment,
    Selection,
    booked_ahead,
    code,
    enrolled,
    skip,
    unreachable,
    whys,
    with_phone,
)
from outreach.late_facts import BOOKED_AHEAD
from outreach.models import Sequence

Slug = Sequence.Slug

_SIXTY, _NINETY = timedelta(days=60), timedelta(days=90)
_EXPIRES_WITHIN = timedelta(days=30)
_ENOUGH_VISITS = 3
_DAY = 86_400


def active(moment: Moment) -> MembershipQuerySet:
    """Everybody with a membership that runs on that day."""
    return Membership.objects.filter(status=Membership.Status.ACTIVE, started_on__lte=moment.on)


def unused_credits(moment: Moment) -> MembershipQuerySet:
    """Active, with credits left and nothing booked from then to 30 days on (settled.md 15)."""
    begins = moment.begins
    return active(moment).with_unused_credits().without_appointment(after=begins, until=begins + BOOKED_AHEAD)


def with_cause(rows: MembershipQuerySet, moment: Moment) -> MembershipQuerySet:
    """With the tier of each member's absence and the cause of a nudge that goes with it."""
    rows = rows.annotate(rhythm=_usual_interval())
    return rows.annotate(tier=_tier(moment)).annotate(cause=_cause(moment))


def select(moment: Moment) -> Selection:
    """Every active member: to be nudged by the tier of the absence (90, 60, own rhythm, 30), or skipped with a reason.

    The tier is part of the cause, so that 30 days can be followed by 60. Once a month, at 90 days once a quarter: a
    nudge that comes each week is a nag.
    """
    rows = with_cause(with_phone(active(moment)), moment)
    sequences = [moment.sequences[slug].pk for slug in TIERS.values()]
    return Selection(
        rows=rows,
        sequence=Case(
            *(When(tier=tier, then=moment.pk(slug)) for tier, slug in TIERS.items() if tier != "30"),
            default=moment.pk(Slug.UTILIZATION),
            output_field=BigIntegerField(),
        ),
        cause=F("cause"),
        why=whys(
            *(() if Slug.UTILIZATION in moment.live else (skip(Q(pk__isnull=False), "switched_off"),)),
            skip(enrolled("cause", sequences), "enrolled"),
            skip(Q(credits_remaining__lte=0), "no_credits"),
            skip(booked_ahead(moment), "booked"),
            *unreachable(moment.on),
        ),
        signals=_signals(moment),
    )


TIERS = {"90": Slug.COME_BACK, "60": Slug.UTILIZATION_60, "rhythm": Slug.RHYTHM, "30": Slug.UTILIZATION}


def _tier(moment: Moment) -> Case:
    """Days since the last visit; whoever never came counts from joining (settled.md 15)."""
    return Case(
        When(_away_for(moment, _NINETY), then=code("90")),
        When(_away_for(moment, _SIXTY), then=code("60")),
        When(_is_late(moment), then=code("rhythm")),
        default=code("30"),
    )


def _away_for(moment: Moment, time: timedelta) -> Q:
    never = Q(last_visit_at__isnull=True, started_on__lte=moment.on - time)
    return Q(last_visit_at__lte=moment.begins - time) | never


def _usual_interval() -> Case:
    """Seconds between two visits, on average, after three of them; NULL before. Of the membership's own columns: what
    names it is written out again in every expression of the statement."""
    spent = Epoch("last_visit_at") - Epoch("first_visit_at")
    every = ExpressionWrapper(spent / (F("visits_completed") - 1), output_field=BigIntegerField())
    return Case(When(visits_completed__gte=_ENOUGH_VISITS, then=every), output_field=BigIntegerField())


def _is_late(moment: Moment) -> Q:
    """Later than the own interval by a third of it, and nothing booked at all."""
    since = Value(int(moment.begins.timestamp()), output_field=BigIntegerField()) - Epoch("last_visit_at")
    late = ExpressionWrapper(since * 3 - F("rhythm") * 4, output_field=BigIntegerField())
    nothing_booked = Q(next_appointment_at__isnull=True) | Q(next_appointment_at__lte=moment.begins)
    return Q(GreaterThan(late, 0)) & nothing_booked


def _cause(moment: Moment) -> Case:
    month, quarter = f"{moment.on:%Y-%m}", f"{moment.on.year}-Q{(moment.on.month + 2) // 3}"
    return Case(
        When(tier="90", then=code(f"unused:{quarter}:90")),
        When(tier="60", then=code(f"unused:{month}:60")),
        When(tier="rhythm", then=code(f"unused:{month}:rhythm")),
        default=code(f"unused:{month}:30"),
    )


def _signals(moment: Moment) -> JSONObject:
    """What staff see beside the member (settled.md: utilization is the headline)."""
    now = Value(int(moment.begins.timestamp()), output_field=BigIntegerField())
    return JSONObject(
        days_since_visit=ExpressionWrapper((now - Epoch("last_visit_at")) / _DAY, output_field=IntegerField()),
        utilization=_utilization(moment),
        expires_in_days=ExpressionWrapper((Epoch(_next_expiry(moment)) - now) / _DAY, output_field=IntegerField()),
        interval_days=ExpressionWrapper(F("rhythm") / _DAY, output_field=IntegerField()),
    )


def _utilization(moment: Moment) -> Any:
    """Percent of the credits granted in 90 days that were used in them; NULL without a grant."""
    entries = _credits().filter(occurred_at__gt=moment.now - _NINETY).order_by()
    total = entries.values("membership").annotate(
        used=Coalesce(Sum("quantity", filter=Q(kind__in=["spend", "reverse"])), 0),
        granted=Coalesce(Sum("quantity", filter=Q(lot__isnull=True)), 0),
    )
    percent = ExpressionWrapper(F("used") * -100 / F("granted"), output_field=IntegerField())
    return Subquery(total.filter(granted__gt=0).values_list(percent)[:1], output_field=IntegerField())


def _credits() -> "QuerySet[CreditEntry]":
    return CreditEntry.objects.filter(membership=OuterRef("pk"), unit=CreditEntry.Unit.CREDIT)


def _next_expiry(moment: Moment) -> Any:
    """When the next credits end that are still there, within 30 days."""
    held = _credits().filter(held__isnull=False)
    soon = held.filter(expires_at__gt=moment.now, expires_at__lte=moment.now + _EXPIRES_WITHIN)
    return Subquery(soon.order_by("expires_at").values("expires_at")[:1], output_field=DateTimeField())
