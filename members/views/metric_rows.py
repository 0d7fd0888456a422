"""The rows behind a number of the metrics page: who, what and when, from the very query that counted it."""

from collections.abc import Iterator
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.db.models import Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from common import clock, spreadsheets, tables
from common.access import SHARED, places_of, staff
from members import audit, figures, metrics, places
from members.counted import Counted, Rows
from members.models import Location, MetricSnapshot, Plan
from members.tables import FigureTable
from members.views import signed_in
from members.views.metrics import where_asked
from members.views.signed_in import LEADERS

_TITLES = ("Patient", "Number", "What", "State", "When (UTC)", "Plan", "Location", "Amount")


@staff(*LEADERS, place=SHARED)
@require_safe
def page(request: HttpRequest, name: str) -> HttpResponse:
    """`?part=all` opens what the number is a part of. The number is the kept one; the rows are read now."""
    metric, month, part, counted = _asked(request, name)
    where = {key: pk for key, pk in where_asked(request).items() if pk}
    here = places_of(request)
    table = FigureTable(counted.opened(**where, places=here), counted=counted)
    kept = places.within(MetricSnapshot.objects.filter(month=month, name=metric.name), here, "location").filter(
        **{f"{key}_id": pk for key, pk in where.items()}
    )
    sums = kept.aggregate(above=Sum("numerator"), below=Sum("denominator"))
    known = None if sums["above"] is None else (sums["above"], sums["below"])
    at = kept.order_by("-computed_at").values_list("computed_at", flat=True).first() if known else None
    asked = {**where, "month": f"{month:%Y-%m}"}
    context = {
        "metric": metric,
        "month": month,
        "part": part,
        "has_all": metric.count(metrics.window_of(month))[1] is not None,
        "value": figures.words(metric, known),
        "known": known,
        "counted_at": at,
        "zone": metrics.zone(),
        "everywhere": here is None,
        "location": Location.objects.filter(pk=where["location"]).first() if "location" in where else None,
        "plan": Plan.objects.filter(pk=where["plan"]).first() if "plan" in where else None,
        "address": urlencode(asked),
        "address_of_part": urlencode({**asked, "part": part}),
    }
    return tables.page(request, table, "members/metric_rows.html", context)


@staff(*LEADERS, place=SHARED)
@require_safe
def as_csv(request: HttpRequest, name: str) -> HttpResponse:
    """The same rows as a spreadsheet; on record, because it takes names out of the house (R116)."""
    metric, month, part, counted = _asked(request, name)
    where = {key: pk for key, pk in where_asked(request).items() if pk}
    lines = list(_lines(counted, counted.opened(**where, places=places_of(request))))
    data = {"figure": metric.name, "month": f"{month:%Y-%m}", "part": part, "rows": len(lines)}
    audit.record("metrics.rows_exported", actor=signed_in.actor(request), patient=None, now=clock.now(), data=data)
    return spreadsheets.response(f"{metric.name}-{month:%Y-%m}.csv", _TITLES, lines)


def _asked(request: HttpRequest, name: str) -> tuple[metrics.Metric, date, str, Counted]:
    """The figure, its month (without one: the current), "counted" or "all", and the rows. 404 for any other figure."""
    metric = metrics.BY_NAME.get(name)
    if metric is None:
        raise Http404
    month = _month(request.GET.get("month", "")) or clock.local_date(clock.now(), metrics.zone()).replace(day=1)
    above, below = metric.count(metrics.window_of(month))
    if request.GET.get("part") == "all" and below is not None:
        return metric, month, "all", below
    return metric, month, "counted", above


def _month(written: str) -> date | None:
    try:
        month = date.fromisoformat(f"{written}-01")
    except ValueError:
        return None
    return month if 2000 <= month.year < 2100 else None


def _lines(counted: Counted, rows: Rows) -> Iterator[tuple[Any, ...]]:
    states = counted.state_words()
    for row in rows.iterator(chunk_size=2_000):
        yield (
            *(row["name"], row["patient_pk"], counted.noun.one, states.get(row["standing"], row["standing"])),
            *(f"{row['moment']:%Y-%m-%d %H:%M}" if row["moment"] else "", row["plan_name"], row["place"]),
            figures.worth_words(row["worth"]),
        )
