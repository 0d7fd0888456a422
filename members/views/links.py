"""The pages behind a patient's link: no login, no name, nothing about health; the address is the key.

A GET never changes anything: phones and chat apps fetch addresses before anyone taps them (R152). The return
from the hosted page is the one exception; it acts only for a finished session of the link's own customer, once.
"""

import logging
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_http_methods, require_safe

from common import clock, texts
from common.access import by_token
from common.errors import Refused
from members import cards
from members.models import Invoice, PatientLink
from members.stripe_gateway import StripeRefused, StripeUnavailable
from members.views import booking, patient_pages
from members.views.offers import ACTS, offer_page
from members.views.pay_page import pay_page
from members.views.preferences import preferences_page

logger = logging.getLogger(__name__)


@by_token
@csrf_protect
@require_http_methods(["GET", "HEAD", "POST"])
def by_purpose(request: HttpRequest, token: str) -> HttpResponse:
    """The page of what the link is for, and of nothing else."""
    link = patient_pages.find(request, token)
    return link if isinstance(link, HttpResponse) else _PAGES[PatientLink.Purpose(link.purpose)](request, link, token)


def _card(request: HttpRequest, link: PatientLink, token: str) -> HttpResponse:
    """Its button opens a hosted page that is made at that moment (R151)."""
    if link.invoice and link.invoice.charged_by == Invoice.ChargedBy.SCHEDULER:
        return patient_pages.page(
            request, "patient/pay_elsewhere.html", {**patient_pages.practice(), "invoice": link.invoice}
        )
    if request.method != "POST":
        return patient_pages.page(request, "patient/card.html", _context(link, token))
    try:
        # Not `redirect()`: the address is Stripe's, and must not be taken for a view's name.
        return patient_pages.private(HttpResponseRedirect(cards.start_update(link=link, now=clock.now())))
    except Refused as refused:
        return patient_pages.page(
            request, "patient/card.html", {**_context(link, token), "refused": refused.message}, status=409
        )
    except (StripeUnavailable, StripeRefused):
        logger.exception("The hosted card page could not be made")
        return patient_pages.page(
            request, "patient/later.html", _context(link, token), status=HTTPStatus.SERVICE_UNAVAILABLE
        )


@by_token
@require_safe
def done(request: HttpRequest, token: str) -> HttpResponse:
    """Back from the hosted page: set the card, pay what is open, say how it went. Reloading it changes nothing."""
    link = patient_pages.find(request, token)
    if isinstance(link, HttpResponse):
        return link
    session_id = texts.storable(request.GET.get("session_id", ""))
    if not session_id or not link.session_id or request.method == "HEAD":
        return patient_pages.private(redirect("members:link", token=token))
    try:
        # It acts only for a finished session of this membership's own customer; any other one changes nothing.
        outcome = cards.finish_update(link=link, session_id=session_id, now=clock.now())
    except StripeRefused:  # a session that Stripe does not know: the address was mistyped or made up
        return patient_pages.private(redirect("members:link", token=token))
    except StripeUnavailable:
        logger.exception("A card could not be finished now; Stripe's event will do it")
        return patient_pages.page(
            request, "patient/later.html", _context(link, token), status=HTTPStatus.SERVICE_UNAVAILABLE
        )
    return patient_pages.page(request, "patient/done.html", {**_context(link, token), "outcome": outcome.value})


def _pay(request: HttpRequest, link: PatientLink, token: str) -> HttpResponse:
    """What is owed, with the card on file; the other button is that of the card page."""
    if request.method == "POST" and request.POST.get("step") != "pay":
        return _card(request, link, token)
    return pay_page(request, link, token)


def _confirm(request: HttpRequest, link: PatientLink, token: str) -> HttpResponse:
    """On to Stripe's page of the invoice, where the bank asks; its address is fetched at the click."""
    if request.method != "POST":
        return patient_pages.page(request, "patient/confirm.html", _context(link, token))
    try:
        hosted = cards.confirm_payment(link=link, now=clock.now())
    except (StripeUnavailable, StripeRefused):
        logger.exception("The hosted invoice could not be found")
        return patient_pages.page(
            request, "patient/later.html", _context(link, token), status=HTTPStatus.SERVICE_UNAVAILABLE
        )
    if not hosted:
        return patient_pages.page(request, "patient/confirm.html", {**_context(link, token), "due_cents": 0})
    return patient_pages.private(HttpResponseRedirect(hosted))


def _context(link: PatientLink, token: str) -> dict[str, Any]:
    owed = cards.owed(link.membership)
    return {
        **patient_pages.practice(),
        "token": token,
        "due_cents": sum(invoice.amount_remaining_cents for invoice in owed),
        "currency": owed[0].currency if owed else "",
        "payments": len(owed),
        "finished": link.completed_at is not None,
    }


_PAGES = {
    PatientLink.Purpose.BOOK: booking.page,
    **dict.fromkeys(ACTS, offer_page),
    PatientLink.Purpose.PAY_NOW: _pay,
    PatientLink.Purpose.PREFERENCES: preferences_page,
    PatientLink.Purpose.UPDATE_CARD: _card,
    PatientLink.Purpose.CONFIRM_PAYMENT: _confirm,
}
