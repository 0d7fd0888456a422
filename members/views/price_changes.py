"""What earlier members pay: announce another price, take an announcement back, see who is told and moved."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext_noop as _
from django.views.decorators.http import require_POST, require_safe

from common import clock, tables
from common.access import EVERYWHERE, SHARED, places_of, staff
from common.errors import Refused
from members import price_changes, price_moves
from members.models import Location, PlanVersion, PriceChange, PriceMove
from members.plan_forms import PriceChangeForm
from members.tables import PriceMoveTable
from members.views import signed_in

_EDITORS = ("manager", "owner")


@staff(*_EDITORS, place=EVERYWHERE)
@require_POST
def announce(request: HttpRequest, pk: int) -> HttpResponse:
    """`pk` of the version whose price the members of earlier ones are to pay."""
    version, form, now = get_object_or_404(PlanVersion, pk=pk), PriceChangeForm(request.POST), clock.now()
    if not form.is_valid():
        messages.error(request, _("Say from which day on, as 2026-07-15."))
        return redirect("members:plan", version.plan_id)
    zone = Location.objects.order_by("pk").values_list("time_zone", flat=True).first() or "UTC"
    try:
        price_changes.announce(
            version=version,
            effective_on=form.cleaned_data["effective_on"],
            today=clock.local_date(now, zone),
            actor=signed_in.actor(request),
            now=now,
        )
    except Refused as refusal:
        messages.error(request, refusal.message)
    else:
        told = price_changes.notice().told
        messages.success(
            request, f"Announced. Each member is told up to {told} days before, then moved with that payment."
        )
    return redirect("members:plan", version.plan_id)


@staff(*_EDITORS, place=EVERYWHERE)
@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    change = get_object_or_404(PriceChange.objects.select_related("version"), pk=pk)
    if price_changes.withdraw(change=change, actor=signed_in.actor(request), now=clock.now()):
        messages.success(
            request, _("Taken back: nobody more is told or moved. Who was told already needs a word from you.")
        )
    return redirect("members:plan", change.version.plan_id)


@staff(place=SHARED)
@require_safe
def moves(request: HttpRequest, pk: int) -> HttpResponse:
    """Who was told of the change `pk`, and what came of it; `?state=` keeps to one outcome. Each at one's locations."""
    change = get_object_or_404(PriceChange.objects.select_related("version__plan"), pk=pk)
    places, state = places_of(request), request.GET.get("state", "")
    counts = price_moves.counts(change, places)
    rows = price_moves.here(change, places).select_related("membership__patient", "membership__location")
    if state in PriceMove.State.values:
        rows = rows.filter(state=state)
    words = dict(PriceMove.State.choices)
    context = {
        "change": change,
        "state": state if state in PriceMove.State.values else "",
        "told": sum(counts.values()),
        "states": [(each, words[each], count) for each, count in counts.items()],
    }
    return tables.page(request, PriceMoveTable(rows), "members/price_moves.html", context)
