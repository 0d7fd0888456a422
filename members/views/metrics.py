"""The five numbers, with what each one means, by month, location and plan."""

import re
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.db.models import Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from common import clock, spreadsheets
from common.access import places_of, staff
from members import audit, figures, metrics, places
from members.models import Location, MetricSnapshot, Plan
from members.views import signed_in
from members.views.signed_in import LEADERS

MONTHS_SHOWN = 12
Sums = dict[tuple[Any, str], tuple[int, int]]


@staff(*LEADERS)
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """One month's figures, the twelve months of each as a chart and a table, and the places beside each other. Reads
    kept rows only; whoever leads some locations sees theirs."""
    here = places_of(request)
    chosen = where_asked(request)
    kept = {f"{name}_id": pk for name, pk in chosen.items() if pk}
    rows = places.within(MetricSnapshot.objects.filter(**kept), here, "location")
    months = sorted(set(rows.order_by().values_list("month", flat=True).distinct()), reverse=True)[:MONTHS_SHOWN]
    month = _month(request.GET.get("month", ""), months)
    sums = _sums(rows.filter(month__in=months), "month")
    locations, plans = list(places.within(Location.objects.all(), here, "pk")), list(Plan.objects.all())
    where = {name: pk for name, pk in chosen.items() if pk} | ({"month": f"{month:%Y-%m}"} if month else {})
    of_month = rows.filter(month=month) if month else rows.none()
    context = {
        "month": month,
        "months": months,
        "locations": locations,
        "everywhere": here is None,
        "plans": plans,
        "chosen": chosen,
        "five": [_figure(metric, sums, months, month, where) for metric in metrics.FIVE],
        "more": [_figure(metric, sums, months, month, where) for metric in metrics.MORE],
        "titles": [metric.title for metric in metrics.FIVE],
        "compared": [
            ("Location", "h-locations", _compared(_sums(of_month, "location"), locations)),
            ("Plan", "h-plans", _compared(_sums(of_month, "plan"), plans)),
        ],
    }
    return render(request, "members/metrics.html", context)


@staff(*LEADERS)
@require_safe
def as_csv(request: HttpRequest) -> HttpResponse:
    """Every kept figure: numerator and denominator, so that any sum can be made from it."""
    mine = places.within(MetricSnapshot.objects.all(), places_of(request), "location")
    kept = mine.order_by("month", "location", "plan", "name").values_list(
        "month", "location__name", "plan__name", "name", "numerator", "denominator"
    )
    rows = [(f"{month:%Y-%m}", *rest) for month, *rest in kept]
    actor = signed_in.actor(request)
    audit.record("metrics.exported", actor=actor, patient=None, now=clock.now(), data={"rows": len(rows)})
    titles = ("Month", "Location", "Plan", "Figure", "Numerator", "Denominator")
    return spreadsheets.response("metrics.csv", titles, rows)


def _sums(rows: Any, by: str) -> Sums:
    summed = rows.order_by().values(by, "name").annotate(above=Sum("numerator"), below=Sum("denominator"))
    return {(row[by], row["name"]): (row["above"], row["below"]) for row in summed}


def _figure(
    metric: metrics.Metric, sums: Sums, months: list[date], month: date | None, where: dict[str, Any]
) -> dict[str, Any]:
    counted = sums.get((month, metric.name))
    history = [(each, sums.get((each, metric.name))) for each in reversed(months)]
    return {
        "metric": metric,
        "value": figures.words(metric, counted),
        "counted": counted,
        "rows": urlencode(where),
        "rows_of_all": urlencode({**where, "part": "all"}),
        "history": [(each, figures.words(metric, one), figures.plotted(metric, one)) for each, one in history],
    }


def _compared(sums: Sums, each: list[Any]) -> list[tuple[Any, list[str]]]:
    """The five numbers of each location, or plan, that has any."""
    counted = {pk for pk, _ in sums}
    return [
        (one, [figures.words(metric, sums.get((one.pk, metric.name))) for metric in metrics.FIVE])
        for one in each
        if one.pk in counted
    ]


def _month(written: str, months: list[date]) -> date | None:
    """The month that was asked for, where there are figures; else the newest."""
    if re.fullmatch(r"\d{4}-\d{2}", written):
        asked = next((month for month in months if f"{month:%Y-%m}" == written), None)
        if asked:
            return asked
    return months[0] if months else None


def where_asked(request: HttpRequest) -> dict[str, int | None]:
    """Location and plan that were asked for. 404 for a location at which who asks leads nothing."""
    asked = {name: number(request.GET.get(name, "")) for name in ("location", "plan")}
    here, location = places_of(request), asked["location"]
    if location and here is not None and location not in here:
        raise Http404
    return asked


def number(written: str) -> int | None:
    return int(written) if written.isascii() and written.isdecimal() and len(written) < 10 else None
