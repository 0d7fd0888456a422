"""The five numbers, with what each one means, by month, location and plan."""

import re
from datetime import date
from typing import Any

from django.db.models import Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from common import clock, money, spreadsheets
from common.access import staff
from members import audit, metrics
from members.models import Location, MetricSnapshot, Plan
from members.views import signed_in
from members.views.signed_in import LEADERS

MONTHS_SHOWN = 12
_SECONDS_A_DAY = 86_400


@staff(*LEADERS)
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """One month's figures, and the last twelve months in a table. Reads kept rows only."""
    chosen = {name: _number(request.GET.get(name, "")) for name in ("location", "plan")}
    rows = MetricSnapshot.objects.filter(**{f"{name}_id": pk for name, pk in chosen.items() if pk})
    months = sorted(set(rows.values_list("month", flat=True)), reverse=True)[:MONTHS_SHOWN]
    month = _month(request.GET.get("month", ""), months)
    sums = _sums(rows.filter(month__in=months))
    context = {
        "month": month,
        "months": months,
        "locations": Location.objects.all(),
        "plans": Plan.objects.all(),
        "chosen": chosen,
        "five": [_figure(metric, sums.get((month, metric.name))) for metric in metrics.FIVE],
        "more": [_figure(metric, sums.get((month, metric.name))) for metric in metrics.MORE],
        "table": [
            (each, [_words(metric, sums.get((each, metric.name))) for metric in metrics.FIVE]) for each in months
        ],
        "titles": [metric.title for metric in metrics.FIVE],
    }
    return render(request, "members/metrics.html", context)


@staff(*LEADERS)
@require_safe
def as_csv(request: HttpRequest) -> HttpResponse:
    """Every kept figure: numerator and denominator, so that any sum can be made from it."""
    kept = MetricSnapshot.objects.order_by("month", "location", "plan", "name").values_list(
        "month", "location__name", "plan__name", "name", "numerator", "denominator"
    )
    rows = [(f"{month:%Y-%m}", *rest) for month, *rest in kept]
    actor = signed_in.actor(request)
    audit.record("metrics.exported", actor=actor, patient=None, now=clock.now(), data={"rows": len(rows)})
    titles = ("Month", "Location", "Plan", "Figure", "Numerator", "Denominator")
    return spreadsheets.response("metrics.csv", titles, rows)


def _sums(rows: Any) -> dict[tuple[date | None, str], tuple[int, int]]:
    summed = rows.order_by().values("month", "name").annotate(above=Sum("numerator"), below=Sum("denominator"))
    return {(row["month"], row["name"]): (row["above"], row["below"]) for row in summed}


def _figure(metric: metrics.Metric, counted: tuple[int, int] | None) -> dict[str, str]:
    note = ""
    if counted and metric.kind == "share":
        note = f"{counted[0]:,} of {counted[1]:,}"
    elif counted and metric.kind == "days":
        note = f"over {counted[1]:,} visits"
    return {
        "title": metric.title,
        "value": _words(metric, counted),
        "note": note,
        "definition": metric.definition,
    }


def _words(metric: metrics.Metric, counted: tuple[int, int] | None) -> str:
    if counted is None:
        return "–"
    above, below = counted
    if metric.kind == "money":
        return money.readable(above, "usd")
    if not below:
        return "–"
    return f"{above / below * 100:.1f} %" if metric.kind == "share" else f"{above / below / _SECONDS_A_DAY:.1f}"


def _month(written: str, months: list[date]) -> date | None:
    """The month that was asked for, where there are figures; else the newest."""
    if re.fullmatch(r"\d{4}-\d{2}", written):
        asked = next((month for month in months if f"{month:%Y-%m}" == written), None)
        if asked:
            return asked
    return months[0] if months else None


def _number(written: str) -> int | None:
    return int(written) if written.isascii() and written.isdecimal() and len(written) < 10 else None
