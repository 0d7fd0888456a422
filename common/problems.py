"""Errors of the API in one shape: application/problem+json (RFC 9457)."""

from typing import Any

from django.http import JsonResponse
from ninja import Schema
from pydantic import Field

CONTENT_TYPE = "application/problem+json"

TITLES = {
    400: "The request cannot be read",
    401: "No valid API key",
    403: "The API key may not do this",
    404: "Not found",
    405: "This method is not offered here",
    409: "Still working on it",
    413: "The request is too large",
    422: "The request cannot be carried out",
    429: "Too many requests",
    500: "Something broke on our side",
    503: "Not available now",
}


class FieldError(Schema):
    field: str
    message: str


class ProblemOut(Schema):
    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[FieldError] = Field(default_factory=list)


class Problem(Exception):
    """Raised anywhere in an API door; the API answers it. `detail` says what to do."""

    def __init__(self, status: int, detail: str, *, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers = status, detail, headers or {}


def response(
    status: int, detail: str, *, errors: list[dict[str, str]] | None = None, headers: dict[str, str] | None = None
) -> JsonResponse:
    body: dict[str, Any] = {"type": "about:blank", "title": TITLES[status], "status": status, "detail": detail}
    body["errors"] = errors or []
    return JsonResponse(body, status=status, headers=headers, content_type=CONTENT_TYPE)
