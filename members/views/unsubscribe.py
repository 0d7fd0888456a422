"""Unsubscribing from e-mail: a page with one button, and the mail provider's own one-click POST (RFC 8058)."""

from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from common import clock
from common.access import signed_by
from common.errors import Refused
from members import unsubscribing
from members.models import Practice


@csrf_exempt
@signed_by("the practice")
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, token: str) -> HttpResponse:
    """The signature in the address is the proof. A GET changes nothing: mail scanners open every link."""
    context: dict[str, Any] = {"practice": Practice.objects.order_by("pk").first(), "done": request.method == "POST"}
    try:
        if request.method == "POST":
            unsubscribing.unsubscribe(token=token, now=clock.now())
        else:
            unsubscribing.email_of(token)
    except Refused as refused:
        context["refused"] = refused.message
        return render(request, "patient/no_link.html", context, status=HTTPStatus.NOT_FOUND)
    answer = render(request, "patient/unsubscribe.html", context)
    answer["Cache-Control"] = "no-store"
    answer["Referrer-Policy"] = "no-referrer"
    return answer
