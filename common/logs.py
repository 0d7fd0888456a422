"""JSON logs that carry a request or task id and never patient data."""

import logging
import re
import uuid
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.http import HttpRequest, HttpResponse
from pythonjsonlogger.json import JsonFormatter as _JsonFormatter

_current_id: ContextVar[str] = ContextVar("current_id", default="")

# Last line of defence (R119): digits that could be a phone or a card, and e-mail addresses, never reach a log sink.
_DIGITS = re.compile(r"\+?\d[\d\s().-]{7,}\d")
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+")
_LINK_TOKEN = re.compile(r"/m/[\w-]{16,}")
# Letters only, or some fresh ids would look like a phone number and be scrubbed.
_TO_LETTERS = str.maketrans("0123456789", "ghijklmnop")


def scrub(text: str) -> str:
    text = _LINK_TOKEN.sub("/m/…", text)
    return _DIGITS.sub("[number]", _EMAIL.sub("[email]", text))


@contextmanager
def traced(kind: str, ident: str = ""):  # type: ignore[no-untyped-def]
    """Log lines inside carry `kind:ident` (or a fresh id)."""
    token = _current_id.set(f"{kind}:{ident or uuid.uuid4().hex[:12].translate(_TO_LETTERS)}")
    try:
        yield
    finally:
        _current_id.reset(token)


class IdFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.trace = _current_id.get()
        return True


class JsonFormatter(_JsonFormatter):
    """One JSON object a line; message and traceback scrubbed."""

    def __init__(self) -> None:
        super().__init__("%(levelname)s %(name)s %(message)s %(trace)s", timestamp=True)

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        return {key: value if key == "timestamp" else _scrubbed(value) for key, value in log_data.items()}


def _scrubbed(value: Any) -> Any:
    """An object becomes its text here and not in the encoder, which would write it unscrubbed (Django's `request`)."""
    if isinstance(value, HttpRequest):  # its own text has the query, and a search holds a patient's name
        return scrub(f"{value.method} {value.path}")
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {scrub(str(key)): _scrubbed(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_scrubbed(each) for each in value]
    return scrub(str(value))


class RequestIdMiddleware:
    """Gives each request an id, in the log lines and in the X-Request-Id answer header."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with traced("request"):
            response = self.get_response(request)
            response["X-Request-Id"] = _current_id.get().partition(":")[2]
            return response
