"""Who left: told what ended the day after, on Friday where that could not be; and pauses that nobody ends."""

from datetime import timedelta
from typing import Any

from django.db.models import (
    BigIntegerField,
    Case,
    CharField,
    Exists,
    ExpressionWrapper,
    F,
    IntegerField,
    OuterRef,
    Q,
    Subquery,
    Sum,
    Value,
)
from django.db.models.functions import Cast, Coalesce, Concat, JSONObject

from members.models import Benefit, Membership, MembershipChange
from members.models.memberships import MembershipQuerySet
from outreach.audiences.base import (
    Epoch,
    Moment,
    Selection,
    booked_ahead,
    enrolled,
    local_day,
    skip,
    unreachable,
    whys,
    with_phone,
)
from outreach.models import Sequence

Slug = Sequence.Slug
_FROM, _TO = timedelta(days=90), timedelta(days=30)
_JUST = timedelta(days=7)  # a round that was missed for some days still finds them
_FORGOTTEN = timedelta(days=90)


def select_lapsed(moment: Moment) -> Selection:
    """Whose membership ended 30 to 90 days before, once for each end."""
    ended = Membership.objects.filter(
        status__in=Membership.ENDED,
        ended_at__gt=moment.begins - _FROM,
        ended_at__lte=moment.begins - _TO,
    )
    return _win_back(moment, ended)


def select_just_ended(moment: Moment) -> Selection:
    """Whose membership has ended, by the row that says so. The same cause as on Friday: once for each end."""
    ends = (MembershipChange.Kind.ENDED, MembershipChange.Kind.LAPSED)
    said = MembershipChange.objects.filter(
        membership=OuterRef("pk"),
        kind__in=ends,
        occurred_at__gt=moment.begins - _JUST,
        occurred_at__lte=moment.begins,
    )
    ended = Membership.objects.filter(status__in=Membership.ENDED, ended_at__isnull=False)
    return _win_back(moment, ended.filter(Exists(said)))


def select_forgotten(moment: Moment) -> Selection:
    """Paused until resumed, for more than 90 days; once for each pause."""
    paused = Membership.objects.filter(
        status=Membership.Status.PAUSED, paused_until__isnull=True, paused_from__lte=moment.begins - _FORGOTTEN
    )
    day = local_day("paused_from")
    rows = with_phone(paused).annotate(cause=Concat(Value("paused:"), day))
    return _selection(moment, rows, Slug.PAUSE_FORGOTTEN, signals=JSONObject(paused_on=day))


def _win_back(moment: Moment, ended: MembershipQuerySet) -> Selection:
    again = Membership.objects.current().filter(patient=OuterRef("patient"))
    return _selection(
        moment,
        with_phone(ended).annotate(cause=of_this_end()),
        Slug.WIN_BACK,
        skip(Exists(again), "restarted"),
        skip(booked_ahead(moment), "booked"),
        signals=what_ended(moment),
    )


def _selection(moment: Moment, rows: Any, slug: str, *reasons: Any, signals: Any) -> Selection:
    return Selection(
        rows=rows,
        sequence=Case(default=moment.pk(slug), output_field=BigIntegerField()),
        cause=F("cause"),
        why=whys(
            *(() if slug in moment.live else (skip(Q(pk__isnull=False), "switched_off"),)),
            skip(enrolled("cause", [moment.sequences[slug].pk]), "enrolled"),
            *reasons,
            *unreachable(moment.on),
        ),
        signals=signals,
    )


def of_this_end() -> Concat:
    """The cause of a win-back: once for each membership that ended."""
    return Concat(Value("ended:"), Cast("pk", CharField()))


def what_ended(moment: Moment) -> JSONObject:
    """What a win-back says of the membership that ended, and since when."""
    return JSONObject(monthly_credits=_monthly_credits(), ended_days=_days_since(moment))


def _monthly_credits() -> Any:
    """Credits a period that the plan granted; 1 at least, so that the sentence is one."""
    granted = Benefit.objects.filter(version=OuterRef("plan_version"), kind=Benefit.Kind.CREDIT).order_by()
    total = granted.values("version").annotate(total=Sum("quantity")).values("total")
    return Coalesce(Subquery(total[:1], output_field=IntegerField()), 1)


def _days_since(moment: Moment) -> Any:
    now = Value(int(moment.begins.timestamp()), output_field=BigIntegerField())
    return ExpressionWrapper((now - Epoch("ended_at")) / 86_400, output_field=IntegerField())
