"""What stands beside the week: the offer that a win-back may name, and numbers that are not used."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_POST

from common import clock
from common.access import EVERYWHERE, staff
from common.errors import Refused
from members.views import signed_in
from outreach import promotions, suppressions
from outreach.models import Promotion, Suppression


@staff("manager", "owner", place=EVERYWHERE)
@require_POST
def promote(request: HttpRequest) -> HttpResponse:
    """Offer a bonus credit or an upgrade to who comes back until a day."""
    kind, written = request.POST.get("kind", ""), request.POST.get("ends_on", "")
    try:
        ends_on = parse_date(written)
    except ValueError:  # the 31st of February
        ends_on = None
    try:
        if kind not in Promotion.Kind.values or ends_on is None:
            raise Refused("Choose what is offered and the last day of it.", code="bad_offer")
        promotions.make(kind=kind, ends_on=ends_on, by=signed_in.person(request), now=clock.now())
    except Refused as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, "The win-back texts name it from now on.")
    return redirect("outreach:cadence")


@staff("manager", "owner", place=EVERYWHERE)
@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    promotion = get_object_or_404(Promotion, pk=pk)
    if promotions.withdraw(promotion=promotion, by=signed_in.person(request), now=clock.now()):
        messages.success(request, "No further text names it. Who was promised it keeps it.")
    return redirect("outreach:cadence")


@staff("manager", "owner", place=EVERYWHERE)
@require_POST
def use_again(request: HttpRequest, pk: int) -> HttpResponse:
    """A number that was put aside works after all. An opt-out is not touched by this (R37)."""
    suppression = get_object_or_404(Suppression, pk=pk)
    if suppressions.lift(suppression=suppression, by=signed_in.person(request), now=clock.now()):
        messages.success(request, "The number is used again.")
    return redirect("outreach:cadence")
