"""Staff page: benefits delivered inconsistently, with the act that sets a visit right."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_noop as _
from django.views.decorators.http import require_POST, require_safe

from common import clock
from common.access import places_of, staff
from members import audit, delivered, places, redemption
from members.models import Visit
from members.views import signed_in

_SHOWN = 50


@staff()
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    now = clock.now()
    here = places_of(request)
    visits = places.within(delivered.visits_without_redemption(now=now), here, "location").select_related(
        "patient", "service", "location"
    )
    periods = places.within(delivered.periods_without_grant(now=now), here, "membership__location").select_related(
        "membership__patient", "membership__plan", "membership__location"
    )
    shown, paid = list(visits[: _SHOWN + 1]), list(periods[: _SHOWN + 1])
    data = {"page": "delivered", "shown": len(shown) + len(paid)}
    audit.record("patients.listed", actor=signed_in.actor(request), patient=None, now=now, data=data)
    context = {
        "visits": shown[:_SHOWN],
        "more_visits": len(shown) > _SHOWN,
        "periods": paid[:_SHOWN],
        "more_periods": len(paid) > _SHOWN,
    }
    return render(request, "members/delivered.html", context)


@staff(place=places.of_visit)
@require_POST
def settle(request: HttpRequest, pk: int) -> HttpResponse:
    """Bring the ledger in line with one visit; where a rule stands against it, say so."""
    visit = get_object_or_404(Visit, pk=pk)
    written = redemption.settle(visit=visit, actor=signed_in.actor(request), now=clock.now())
    if written:
        messages.success(request, _("The credits follow the visit now."))
    else:
        messages.warning(request, _("Nothing changed: a rule of the plan stands against it. See the member's credits."))
    return redirect("members:plan_delivered")
