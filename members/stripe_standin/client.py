"""The http client that the real SDK is given: no socket, the stand-in answers in this process."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote, urlsplit

import stripe
from django.conf import settings

from common import clock
from members.stripe_standin import core, forms, ids, watchers
from members.stripe_standin.problems import Problem
from members.stripe_standin.store import Body

_outages: list[int] = []


class StandinClient(stripe.HTTPClient):
    name = "standin"

    def request(
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None, **_: Any
    ) -> tuple[str, int, Mapping[str, str]]:
        """One call of the SDK: decoded, answered, shown to the watchers."""
        if _outages and _outages[-1] == 0:
            raise stripe.APIConnectionError("The stand-in plays an outage.")  # type: ignore[no-untyped-call]
        said = {name.lower(): value for name, value in (headers or {}).items()}
        form = post_data or ""
        status, body = _outage() if _outages else _answer(method, url, form, said)
        for watch in watchers.exchanges:
            watch(watchers.Exchange(method.upper(), url, form, status, body))
        return json.dumps(body), status, {"request-id": ids.new("req"), "content-type": "application/json"}

    def close(self) -> None:
        """Nothing is held open."""


@contextmanager
def outage(status: int) -> Iterator[None]:
    """Inside, every request of this process is answered with this HTTP status; 0 plays a broken connection."""
    _outages.append(status)
    try:
        yield
    finally:
        _outages.pop()


def _answer(method: str, url: str, form: str, headers: dict[str, str]) -> tuple[int, Body]:
    asked = urlsplit(url)
    if headers.get("stripe-version") != settings.STRIPE_API_VERSION:
        problem = Problem(400, f"Only Stripe-Version {settings.STRIPE_API_VERSION} is spoken here.")
        return problem.status, problem.body
    params = forms.decode("&".join(part for part in (asked.query, form) if part))
    key = headers.get("idempotency-key", "")
    return core.handle(method.upper(), unquote(asked.path), params, key, now=clock.now())


def _outage() -> tuple[int, Body]:
    kind = "invalid_request_error" if _outages[-1] < 500 else "api_error"
    problem = Problem(_outages[-1], "The stand-in plays an outage.", kind=kind)
    return problem.status, problem.body
