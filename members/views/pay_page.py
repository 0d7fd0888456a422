"""Pay what is open with the card on file, or go on to a new card."""

import logging
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse

from common import clock
from common.errors import Refused
from members import cards, paying
from members.models import PatientLink
from members.stripe_gateway import StripeRefused, StripeUnavailable
from members.views import patient_pages

logger = logging.getLogger(__name__)


def pay_page(request: HttpRequest, link: PatientLink, token: str) -> HttpResponse:
    """A GET shows the amount; the button pays it."""
    context = _context(link, token)
    if request.method != "POST":
        return patient_pages.page(request, "patient/pay.html", context)
    try:
        outcome = paying.pay_now(link=link, now=clock.now())
    except Refused as refused:
        context["refused"] = refused.message
        return patient_pages.page(request, "patient/pay.html", context, status=HTTPStatus.CONFLICT)
    except (StripeUnavailable, StripeRefused):
        logger.exception("A patient's payment could not be made now")
        return patient_pages.page(request, "patient/offer_later.html", context, status=HTTPStatus.SERVICE_UNAVAILABLE)
    return patient_pages.page(request, "patient/paid.html", {**context, "outcome": outcome.value})


def _context(link: PatientLink, token: str) -> dict[str, Any]:
    owed = cards.owed(link.membership)
    return {
        "token": token,
        "due_cents": sum(invoice.amount_remaining_cents for invoice in owed),
        "currency": owed[0].currency if owed else "",
        "payments": len(owed),
        "card": f"{link.membership.card_brand.capitalize()} ending in {link.membership.card_last4}"
        if link.membership.card_last4
        else "",
    }
