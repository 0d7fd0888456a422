"""What all pages behind a patient's link share: finding the link, and keeping the address to the patient."""

import hashlib
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from common import clock, limits
from common.errors import Refused
from members import links
from members.models import PatientLink, Practice

KNOCKS_A_MINUTE = 30


def find(request: HttpRequest, token: str) -> PatientLink | HttpResponse:
    """The link, or the page that says why there is none."""
    fingerprint = hashlib.sha256(token.encode()).hexdigest()
    if not (
        limits.allows(f"m:{limits.caller(request)}:{fingerprint}", limit=KNOCKS_A_MINUTE, seconds=60)
        and limits.allows(f"m:{limits.caller(request)}", limit=4 * KNOCKS_A_MINUTE, seconds=60)
    ):
        return page(request, "patient/wait.html", practice(), status=HTTPStatus.TOO_MANY_REQUESTS)
    try:
        return links.find(token, now=clock.now())
    except Refused as refused:
        status = HTTPStatus.GONE if refused.code == "expired_link" else HTTPStatus.NOT_FOUND
        return page(request, "patient/no_link.html", {**practice(), "refused": refused.message}, status=status)


def practice() -> dict[str, Any]:
    return {"practice": Practice.objects.order_by("pk").first()}


def page(request: HttpRequest, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    return private(render(request, template, {**practice(), **context}, status=status))


def private(response: HttpResponse) -> HttpResponse:
    """Keep the address out of caches, search engines and other sites' logs.

    `same-origin`, not `no-referrer`: under the latter browsers send "Origin: null" with the button's POST, and the
    CSRF check must refuse that. Stripe's page still learns nothing of the address.
    """
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "same-origin"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response
