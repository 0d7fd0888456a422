"""The page on which a plan version gets its prices at Stripe: make them there, or choose what the account has."""

import logging
from http import HTTPStatus

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_noop as _
from django.views.decorators.http import require_http_methods

from common import clock
from common.access import EVERYWHERE, staff
from common.errors import Refused
from members import plan_prices
from members.models import PlanVersion
from members.stripe_gateway import StripeRefused, StripeUnavailable
from members.views import signed_in

logger = logging.getLogger(__name__)
_NO_ANSWER = "Stripe gives no answer just now. Try again in a minute."


@staff(*signed_in.LEADERS, place=EVERYWHERE)
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, pk: int) -> HttpResponse:
    """What the version `pk` still needs, and what the account has of it."""
    version = get_object_or_404(PlanVersion.objects.select_related("plan"), pk=pk)
    if request.method == "POST":
        try:
            _act(request, version)
        except (Refused, StripeRefused, StripeUnavailable) as problem:
            return _show(request, version, refused=_words(problem))
        messages.success(request, _("The price is set: the plan can be charged."))
        return redirect("members:plan", version.plan_id)
    if not plan_prices.missing(version):
        return redirect("members:plan", version.plan_id)
    return _show(request, version)


def _act(request: HttpRequest, version: PlanVersion) -> None:
    actor, now = signed_in.actor(request), clock.now()
    if request.POST.get("price"):
        field, price_id = request.POST.get("field", ""), request.POST["price"].strip()
        plan_prices.choose(version=version, field=field, price_id=price_id, actor=actor, now=now)
    else:
        plan_prices.make(version=version, actor=actor, now=now)


def _show(request: HttpRequest, version: PlanVersion, *, refused: str = "") -> HttpResponse:
    wanted = plan_prices.missing(version)
    try:
        rows = [{"missing": each, "choices": plan_prices.choices(version, each)} for each in wanted]
    except (StripeRefused, StripeUnavailable) as problem:
        rows, refused = [{"missing": each, "choices": []} for each in wanted], refused or _words(problem)
    status = HTTPStatus.CONFLICT if refused else HTTPStatus.OK
    context = {"version": version, "plan": version.plan, "rows": rows, "refused": refused}
    return render(request, "members/plan_prices.html", context, status=status)


def _words(problem: Exception) -> str:
    if isinstance(problem, Refused):
        return problem.message
    logger.warning("Stripe made no price", extra={"error": type(problem).__name__})
    if isinstance(problem, StripeUnavailable):
        return _NO_ANSWER
    return f"Stripe refused it: {problem} You can make the price in Stripe's Dashboard and choose it here."
