"""Appointments with what the desk should know when the patient comes in, and how many were missed lately."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from members.models import CreditEntry, Location, Membership, MissedVisit, Visit

EXPIRES_SOON = timedelta(days=7)
MISSED_SINCE = timedelta(days=30)


@dataclass
class Arrival:
    visit: Visit
    is_past: bool
    card_failed: bool = False
    expiring: int = 0
    expiring_by: datetime | None = None


@dataclass(frozen=True)
class Missed:
    """Of the visits that were due in the last 30 days: how many the patient missed, and as a share of them."""

    no_shows: int
    late_cancellations: int
    due: int

    @property
    def percent(self) -> float:
        return round(100 * (self.no_shows + self.late_cancellations) / self.due, 1) if self.due else 0.0


def flagged(visits: QuerySet[Visit], *, now: datetime) -> list[Arrival]:
    """The visits in order of time: "card failed", "2 credits expire by Friday"."""
    current = Membership.objects.current().filter(patient=OuterRef("patient")).order_by("pk")
    rows: list[Any] = list(
        visits.select_related("patient", "service", "location", "provider")
        .annotate(member=Subquery(current.values("pk")[:1]), member_status=Subquery(current.values("status")[:1]))
        .order_by("starts_at", "pk")
    )
    ending = _expiring({visit.member for visit in rows if visit.member}, now=now)
    return [
        Arrival(
            visit=visit,
            is_past=visit.ends_at < now,
            card_failed=visit.member_status == Membership.Status.PAST_DUE,
            expiring=ending[visit.member][0] if visit.member in ending else 0,
            expiring_by=ending[visit.member][1] if visit.member in ending else None,
        )
        for visit in rows
    ]


def missed_lately(location: Location, *, now: datetime) -> Missed:
    """Denominator: visits that were booked for a moment in the last 30 days and that the practice did not call off."""
    signal = MissedVisit.objects.filter(withdrawn_at__isnull=True, visit__location=location)
    counts = signal.filter(visit__starts_at__gt=now - MISSED_SINCE, visit__starts_at__lte=now).aggregate(
        no_shows=Count("pk", filter=Q(kind=MissedVisit.Kind.NO_SHOW)),
        late_cancellations=Count("pk", filter=Q(kind=MissedVisit.Kind.LATE_CANCELLATION)),
    )
    came = Visit.objects.filter(
        location=location, status=Visit.Status.COMPLETED, starts_at__gt=now - MISSED_SINCE, starts_at__lte=now
    ).count()
    return Missed(due=came + counts["no_shows"] + counts["late_cancellations"], **counts)


def _expiring(memberships: set[int], *, now: datetime) -> dict[int, tuple[int, datetime]]:
    """Credits left in lots that end within a week: how many, and when the last of them ends."""
    lots: Any = (
        CreditEntry.objects.filter(membership__in=memberships, lot__isnull=True, unit=CreditEntry.Unit.CREDIT)
        .filter(expires_at__gt=now, expires_at__lte=now + EXPIRES_SOON)
        .annotate(unused=F("quantity") + Coalesce(Sum("uses__quantity"), 0))
        .filter(unused__gt=0)
        .order_by("expires_at")
        .values_list("membership", "unused", "expires_at")
    )
    found: dict[int, tuple[int, datetime]] = {}
    for membership, left, ends_at in lots:
        before = found[membership][0] if membership in found else 0
        found[membership] = (before + left, ends_at)
    return found
