"""One template a page: htmx gets the part of it that the view names, everyone else the whole page."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render as render_page
from django.utils.cache import patch_vary_headers


def is_htmx(request: HttpRequest) -> bool:
    """True for a request that htmx made for a fragment (a boosted link or a step back wants the whole page)."""
    details = getattr(request, "htmx", None)
    return details is not None and bool(details) and not (details.boosted or details.history_restore_request)


def render(
    request: HttpRequest,
    template: str,
    context: dict[str, Any] | None = None,
    *,
    partial: str | None = None,
    status: int | None = None,
) -> HttpResponse:
    """`template`, or its `partial` when htmx asks. The view picks the partial, never the client."""
    name = f"{template}#{partial}" if partial and is_htmx(request) else template
    response = render_page(request, name, context, status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response
