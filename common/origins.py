"""Where the work at hand came from, for the audit trail (R116): the caller's network address, '' outside a request."""

from collections.abc import Callable
from contextvars import ContextVar

from django.http import HttpRequest, HttpResponse

from common import limits

_current: ContextVar[str] = ContextVar("origin", default="")


def current() -> str:
    return _current.get()


class OriginMiddleware:
    """Remembers the caller's address while the request is answered."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = _current.set(limits.caller(request)[:45])
        try:
            return self.get_response(request)
        finally:
            _current.reset(token)
