"""Friday: memberships that ended or were paused 30 to 90 days ago."""

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

from members.models import Benefit, Membership
from outreach.audiences.base import Epoch, Moment, Selection, enrolled, skip, unreachable, whys, with_phone
from outreach.models import Sequence

Slug = Sequence.Slug
_FROM, _TO = timedelta(days=90), timedelta(days=30)


def select_lapsed(moment: Moment) -> Selection:
    """Whose membership ended 30 to 90 days before, once for each end."""
    ended = Membership.objects.filter(
        status__in=(Membership.Status.CANCELLED, Membership.Status.LAPSED),
        ended_at__gt=moment.begins - _FROM,
        ended_at__lte=moment.begins - _TO,
    )
    again = Membership.objects.current().filter(patient=OuterRef("patient"))
    return _selection(
        moment,
        with_phone(ended).annotate(cause=_once_a_membership("ended")),
        Slug.WIN_BACK,
        skip(Exists(again), "restarted"),
        signals=JSONObject(monthly_credits=_monthly_credits(), ended_days=_days_since(moment)),
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


def _once_a_membership(what: str) -> Concat:
    return Concat(Value(f"{what}:"), Cast("pk", CharField()))


def _monthly_credits() -> Any:
    """Credits a period that the plan granted; 1 at least, so that the sentence is one."""
    granted = Benefit.objects.filter(version=OuterRef("plan_version"), kind=Benefit.Kind.CREDIT).order_by()
    total = granted.values("version").annotate(total=Sum("quantity")).values("total")
    return Coalesce(Subquery(total[:1], output_field=IntegerField()), 1)


def _days_since(moment: Moment) -> Any:
    now = Value(int(moment.begins.timestamp()), output_field=BigIntegerField())
    return ExpressionWrapper((now - Epoch("ended_at")) / 86_400, output_field=IntegerField())
