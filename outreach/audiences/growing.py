"""Members for whom the next membership would pay: told once a quarter at most, what it adds and what it costs more."""

from datetime import timedelta
from typing import Any

from django.db.models import (
    BigIntegerField,
    Case,
    Count,
    Exists,
    ExpressionWrapper,
    F,
    IntegerField,
    OuterRef,
    Q,
    Subquery,
    Sum,
)
from django.db.models.functions import Coalesce, Greatest, JSONObject

from members.models import Benefit, CreditEntry, Interest, Membership, PlanVersion, Visit
from outreach.audiences.base import Moment, Selection, code, enrolled, skip, unreachable, whys, with_phone
from outreach.models import Sequence

SLUG = Sequence.Slug.UPGRADE
_EARLY = timedelta(days=10)
_ADD_ONS_WITHIN, _ENOUGH_ADD_ONS = timedelta(days=60), 2
_ASKED_WITHIN = timedelta(days=30)


def select(moment: Moment) -> Selection:
    """All credits used within ten days of the period, two add-ons in sixty days, or a question about what a higher plan
    gives; where there is a plan above.
    """
    rows = with_phone(Membership.objects.filter(status=Membership.Status.ACTIVE))
    rows = rows.annotate(add_ons=_add_ons(moment), asked_about=_asked_about(moment), **_above(moment)).filter(
        next_version__isnull=False
    )
    early = Q(credits_remaining__lte=0, current_period_start__gt=moment.begins - _EARLY) & Q(_used_a_credit(moment))
    rows = rows.filter(early | Q(add_ons__gte=_ENOUGH_ADD_ONS) | Q(asked_about__isnull=False))
    rows = rows.annotate(cause=code(f"upgrade:{moment.on.year}-Q{(moment.on.month + 2) // 3}"))
    return Selection(
        rows=rows,
        sequence=Case(default=moment.pk(SLUG), output_field=BigIntegerField()),
        cause=F("cause"),
        why=whys(
            *(() if SLUG in moment.live else (skip(Q(pk__isnull=False), "switched_off"),)),
            skip(enrolled("cause", [moment.sequences[SLUG].pk]), "enrolled"),
            *unreachable(moment.on),
        ),
        signals=_signals(),
    )


def _above(moment: Moment) -> dict[str, Subquery]:
    """What is on sale now of the plan one tier up, dearer than what the member has: its id, price and credits."""
    above = PlanVersion.objects.in_force(moment.now).filter(
        plan__tier__gt=OuterRef("plan__tier"), price_cents__gt=OuterRef("plan_version__price_cents")
    )
    first = above.annotate(credits=_credits("pk")).order_by("plan__tier", "-number")
    return {
        "next_version": Subquery(first.values("pk")[:1], output_field=BigIntegerField()),
        "next_price": Subquery(first.values("price_cents")[:1], output_field=IntegerField()),
        "next_credits": Subquery(first.values("credits")[:1], output_field=IntegerField()),
    }


def _add_ons(moment: Moment) -> Any:
    done = Visit.objects.filter(
        patient=OuterRef("patient"),
        service__add_on=True,
        status=Visit.Status.COMPLETED,
        starts_at__gt=moment.begins - _ADD_ONS_WITHIN,
    ).order_by()
    counted = done.values("patient").annotate(count=Count("pk")).values("count")
    return Coalesce(Subquery(counted[:1], output_field=IntegerField()), 0)


def _asked_about(moment: Moment) -> Subquery:
    """What of a higher plan the member asked about last; NULL where nothing lately."""
    asked = Interest.objects.filter(membership=OuterRef("pk"), noted_at__gt=moment.now - _ASKED_WITHIN)
    return Subquery(asked.order_by("-noted_at").values("what")[:1])


def _used_a_credit(moment: Moment) -> Exists:
    used = CreditEntry.objects.filter(membership=OuterRef("pk"), kind=CreditEntry.Kind.SPEND)
    return Exists(used.filter(occurred_at__gt=moment.begins - _EARLY))


def _signals() -> JSONObject:
    more = ExpressionWrapper(F("next_credits") - _credits("plan_version"), output_field=IntegerField())
    dearer = ExpressionWrapper(F("next_price") - F("plan_version__price_cents"), output_field=IntegerField())
    return JSONObject(
        plan=F("plan"),
        next_version=F("next_version"),
        difference_cents=dearer,
        more_credits=Greatest(more, 1),
        add_ons=F("add_ons"),
        asked_about=F("asked_about"),
    )


def _credits(version: str) -> Any:
    granted = Benefit.objects.filter(version=OuterRef(version), kind=Benefit.Kind.CREDIT).order_by()
    total = granted.values("version").annotate(total=Sum("quantity")).values("total")
    return Coalesce(Subquery(total[:1], output_field=IntegerField()), 0)
