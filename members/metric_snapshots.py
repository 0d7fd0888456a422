"""The monthly rows of the figures: counted anew each hour for the current month, kept for the rest (settled.md 19)."""

from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction

from common import clock
from members import metrics
from members.metrics import ALL, Metric, Window, window_of
from members.models import MetricSnapshot

MONTHS_KEPT, AT_ONCE, SETTLING_DAYS = 12, 4, 10


def recompute(*, month: date, now: datetime) -> int:
    """Count the month anew and replace its rows. Returns how many rows it has."""
    window = window_of(month)
    rows = [row for metric in ALL for row in _snapshot(metric, window, now)]
    with transaction.atomic():
        MetricSnapshot.objects.filter(month=window.month).delete()
        MetricSnapshot.objects.bulk_create(rows, batch_size=500)
    return len(rows)


def refresh(*, now: datetime) -> int:
    """The hourly round: the current month, and the one before while its last payments settle; two older months that
    were never counted, so that a new practice's year fills up by itself. Returns how many rows were written."""
    current = window_of(clock.local_date(now, metrics.zone())).month
    months = [current, *(_month_before(current),) * (now.day <= SETTLING_DAYS)]
    kept = set(MetricSnapshot.objects.values_list("month", flat=True))
    older = current
    for _ in range(MONTHS_KEPT):
        older = _month_before(older)
        if older not in kept and older not in months and len(months) < AT_ONCE:
            months.append(older)
    return sum(recompute(month=month, now=now) for month in months)


def _snapshot(metric: Metric, window: Window, now: datetime) -> list[MetricSnapshot]:
    above, below = metric.count(window)
    numerators = {(row["at"], row["on"]): _whole(row["n"]) for row in above.grouped()}
    denominators = {(row["at"], row["on"]): _whole(row["n"]) for row in below.grouped()} if below else {}
    return [
        MetricSnapshot(
            month=window.month,
            location_id=location,
            plan_id=plan,
            name=metric.name,
            numerator=numerators.get((location, plan), 0),
            denominator=denominators.get((location, plan), 0),
            computed_at=now,
        )
        for location, plan in sorted({*numerators, *denominators})
    ]


def _month_before(first: date) -> date:
    return (first - timedelta(days=1)).replace(day=1)


def _whole(counted: Any) -> int:
    """Days between visits are summed as a duration and kept in seconds."""
    return int(counted.total_seconds()) if isinstance(counted, timedelta) else int(counted or 0)
