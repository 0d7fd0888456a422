"""The columns of a membership that sum up other rows: written by the verbs, compared with those rows each night."""

import logging
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, DateTimeField, F, IntegerField, Max, Min, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from members import audit
from members.models import CreditEntry, Membership, Visit

log = logging.getLogger(__name__)

_OF_VISITS = ("visits_completed", "first_visit_at", "last_visit_at", "next_appointment_at")
COLUMNS = ("credits_remaining", *_OF_VISITS)


@dataclass(frozen=True)
class Drift:
    """A column that does not say what the rows say."""

    membership_id: int
    column: str
    stored: Any
    computed: Any


def refresh_visits(patient_ids: Collection[int], *, now: datetime) -> None:
    """Bring last visit and next appointment of the patients' memberships up to date, in one statement."""
    Membership.objects.filter(patient__in=patient_ids).update(
        **{column: said for column, said in _computed(now).items() if column in _OF_VISITS}
    )


def drifts(*, now: datetime, limit: int = 1_000) -> list[Drift]:
    """Where column and rows differ, in one statement for all memberships."""
    return [
        Drift(row.pk, column, getattr(row, column), getattr(row, f"true_{column}"))
        for row in _differing(now)[:limit]
        for column in COLUMNS
        if _says(row, column, now) != getattr(row, f"true_{column}")
    ]


def repair(*, now: datetime, actor: str) -> int:
    """Set the columns to what the rows say, in one statement. Returns how many memberships were wrong."""
    with transaction.atomic():
        wrong = list(_differing(now).values_list("pk", flat=True))
        if wrong:
            Membership.objects.filter(pk__in=wrong).update(**_computed(now))
            audit.record("standings.repaired", actor=actor, patient=None, now=now, data={"memberships": len(wrong)})
    return len(wrong)


def recompute(*, now: datetime) -> int:
    """The nightly round: tell the log about each kind of drift, then repair it. Returns how many memberships."""
    found = drifts(now=now)
    for column in COLUMNS:
        count = sum(drift.column == column for drift in found)
        if count:
            log.error("denormalised column drifted", extra={"column": column, "memberships": count})
    return repair(now=now, actor="system") if found else 0


def _differing(now: datetime) -> QuerySet[Membership]:
    true = {f"true_{column}": subquery for column, subquery in _computed(now).items()}
    # A next appointment that has passed by the clock reads as none.
    coming = Q(next_appointment_at__gt=now)
    return (
        Membership.objects.annotate(**true)
        .filter(
            ~Q(credits_remaining=F("true_credits_remaining"))
            | ~Q(visits_completed=F("true_visits_completed"))
            | _is_other("first_visit_at")
            | _is_other("last_visit_at")
            | (
                coming
                & (Q(true_next_appointment_at__isnull=True) | ~Q(next_appointment_at=F("true_next_appointment_at")))
            )
            | (Q(true_next_appointment_at__isnull=False) & ~coming)
        )
        .order_by("pk")
    )


def _is_other(column: str) -> Q:
    only_one = Q(**{f"{column}__isnull": True, f"true_{column}__isnull": False})
    only_one |= Q(**{f"{column}__isnull": False, f"true_{column}__isnull": True})
    return only_one | ~Q(**{column: F(f"true_{column}")})


def _says(row: Membership, column: str, now: datetime) -> Any:
    stored = getattr(row, column)
    return None if column == "next_appointment_at" and stored and stored <= now else stored


def _computed(now: datetime) -> dict[str, Any]:
    """What the rows say, each as a correlated subquery on the membership."""
    live = Q(lot__isnull=True) & (Q(expires_at__isnull=True) | Q(expires_at__gt=now))
    live |= Q(lot__isnull=False) & (Q(lot__expires_at__isnull=True) | Q(lot__expires_at__gt=now))
    credit = CreditEntry.objects.filter(live, unit=CreditEntry.Unit.CREDIT)  # money to spend is none
    left = credit.filter(membership=OuterRef("pk")).order_by().values("membership")
    visits = Visit.objects.filter(patient=OuterRef("patient")).order_by().values("patient")
    came = visits.filter(status=Visit.Status.COMPLETED, starts_at__lte=now)
    coming = visits.filter(status__in=Visit.HOLDS_TIME, starts_at__gt=now)
    return {
        "credits_remaining": Coalesce(
            Subquery(left.annotate(n=Sum("quantity")).values("n"), output_field=IntegerField()), 0
        ),
        "visits_completed": Coalesce(
            Subquery(came.annotate(n=Count("pk")).values("n"), output_field=IntegerField()), 0
        ),
        "first_visit_at": Subquery(came.annotate(n=Min("starts_at")).values("n"), output_field=DateTimeField()),
        "last_visit_at": Subquery(came.annotate(n=Max("starts_at")).values("n"), output_field=DateTimeField()),
        "next_appointment_at": Subquery(coming.annotate(n=Min("starts_at")).values("n"), output_field=DateTimeField()),
    }
