"""The pages behind a patient's link: no login, no name, nothing about health; the address is the key.

A GET never changes anything: phones and chat apps fetch addresses before anyone taps them (R152). The return
from the hosted page is the one exception; it acts only for a finished session of the link's own customer, once.
"""

import hashlib
import logging
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_http_methods, require_safe

from common import clock, limits, texts
from common.access import by_token
from common.errors import Refused
from members import cards, links
from members.models import PatientLink, Practice
from members.stripe_gateway import StripeRefused, StripeUnavailable

logger = logging.getLogger(__name__)

KNOCKS_A_MINUTE = 30


@by_token
@csrf_protect
@require_http_methods(["GET", "HEAD", "POST"])
def card(request: HttpRequest, token: str) -> HttpResponse:
    """What the link is for; its button opens a hosted page that is made at that moment (R151)."""
    link = _find(request, token)
    if isinstance(link, HttpResponse):
        return link
    if link.purpose == PatientLink.Purpose.CONFIRM_PAYMENT:
        return _confirm(request, link, token)
    if request.method != "POST":
        return _page(request, "patient/card.html", _context(link, token))
    try:
        # Not `redirect()`: the address is Stripe's, and must not be taken for a view's name.
        return _private(HttpResponseRedirect(cards.start_update(link=link, now=clock.now())))
    except Refused as refused:
        return _page(request, "patient/card.html", {**_context(link, token), "refused": refused.message}, status=409)
    except (StripeUnavailable, StripeRefused):
        logger.exception("The hosted card page could not be made")
        return _page(request, "patient/later.html", _context(link, token), status=HTTPStatus.SERVICE_UNAVAILABLE)


@by_token
@require_safe
def done(request: HttpRequest, token: str) -> HttpResponse:
    """Back from the hosted page: set the card, pay what is open, say how it went. Reloading it changes nothing."""
    link = _find(request, token)
    if isinstance(link, HttpResponse):
        return link
    session_id = texts.storable(request.GET.get("session_id", ""))
    if not session_id or not link.session_id or request.method == "HEAD":
        return _private(redirect("members:link", token=token))
    try:
        # It acts only for a finished session of this membership's own customer; any other one changes nothing.
        outcome = cards.finish_update(link=link, session_id=session_id, now=clock.now())
    except StripeRefused:  # a session that Stripe does not know: the address was mistyped or made up
        return _private(redirect("members:link", token=token))
    except StripeUnavailable:
        logger.exception("A card could not be finished now; Stripe's event will do it")
        return _page(request, "patient/later.html", _context(link, token), status=HTTPStatus.SERVICE_UNAVAILABLE)
    return _page(request, "patient/done.html", {**_context(link, token), "outcome": outcome.value})


def _confirm(request: HttpRequest, link: PatientLink, token: str) -> HttpResponse:
    """On to Stripe's page of the invoice, where the bank asks; its address is fetched at the click."""
    if request.method != "POST":
        return _page(request, "patient/confirm.html", _context(link, token))
    try:
        hosted = cards.confirm_payment(link=link, now=clock.now())
    except (StripeUnavailable, StripeRefused):
        logger.exception("The hosted invoice could not be found")
        return _page(request, "patient/later.html", _context(link, token), status=HTTPStatus.SERVICE_UNAVAILABLE)
    if not hosted:
        return _page(request, "patient/confirm.html", {**_context(link, token), "due_cents": 0})
    return _private(HttpResponseRedirect(hosted))


def _find(request: HttpRequest, token: str) -> PatientLink | HttpResponse:
    """The link, or the page that says why there is none."""
    fingerprint = hashlib.sha256(token.encode()).hexdigest()
    if not (
        limits.allows(f"m:{limits.caller(request)}:{fingerprint}", limit=KNOCKS_A_MINUTE, seconds=60)
        and limits.allows(f"m:{limits.caller(request)}", limit=4 * KNOCKS_A_MINUTE, seconds=60)
    ):
        return _page(request, "patient/wait.html", _practice(), status=HTTPStatus.TOO_MANY_REQUESTS)
    try:
        return links.find(token, now=clock.now())
    except Refused as refused:
        status = HTTPStatus.GONE if refused.code == "expired_link" else HTTPStatus.NOT_FOUND
        return _page(request, "patient/no_link.html", {**_practice(), "refused": refused.message}, status=status)


def _practice() -> dict[str, Any]:
    return {"practice": Practice.objects.order_by("pk").first()}


def _context(link: PatientLink, token: str) -> dict[str, Any]:
    owed = cards.owed(link.membership)
    return {
        **_practice(),
        "token": token,
        "due_cents": sum(invoice.amount_remaining_cents for invoice in owed),
        "currency": owed[0].currency if owed else "",
        "payments": len(owed),
        "finished": link.completed_at is not None,
    }


def _page(request: HttpRequest, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    return _private(render(request, template, context, status=status))


def _private(response: HttpResponse) -> HttpResponse:
    """Keep the address out of caches, search engines and other sites' logs.

    `same-origin`, not `no-referrer`: under the latter browsers send "Origin: null" with the button's POST, and the
    CSRF check must refuse that. Stripe's page still learns nothing of the address.
    """
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "same-origin"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response
