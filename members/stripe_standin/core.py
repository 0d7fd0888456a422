"""The whole stand-in as one function: a request in, Stripe's status and JSON out."""

import hashlib
import json
from datetime import datetime
from typing import Any

from django.db import transaction

from members.models import StandinReplay
from members.stripe_standin.calls import Call
from members.stripe_standin.expanding import expanded
from members.stripe_standin.problems import Problem, unknown
from members.stripe_standin.routes import ROUTES
from members.stripe_standin.store import Body


def handle(method: str, path: str, params: dict[str, Any], idempotency_key: str, *, now: datetime) -> tuple[int, Body]:
    """Answer one request. A write happens once for its key: repeated, it gets the first answer; changed, it is refused.

    As at Stripe, an answer is kept for its key once work began (a decline too); a request that was invalid is not.
    """
    try:
        if method == "GET":
            return _answer(method, path, params, now)
        with transaction.atomic():
            if idempotency_key:
                return _once(method, path, params, idempotency_key, now)
            return _answer(method, path, params, now)
    except Problem as problem:
        return problem.status, problem.body


def _once(method: str, path: str, params: dict[str, Any], key: str, now: datetime) -> tuple[int, Body]:
    asked_for = _fingerprint(method, path, params)
    # Of two at the same moment the second waits here for the first to commit.
    kept, mine = StandinReplay.objects.get_or_create(
        key=key, defaults={"fingerprint": asked_for, "status": 0, "body": {}, "created_at": now}
    )
    if not mine:
        if kept.fingerprint != asked_for:
            raise Problem(
                400,
                "Keys for idempotent requests can only be used with the same parameters they were first used with. "
                "Try using a key other than the one given if you meant to execute a different request.",
                kind="idempotency_error",
            )
        return kept.status, kept.body
    kept.status, kept.body = _answer(method, path, params, now)
    kept.save(update_fields=["status", "body"])
    return kept.status, kept.body


def _answer(method: str, path: str, params: dict[str, Any], now: datetime) -> tuple[int, Body]:
    for route in ROUTES:
        ident = route.match(method, path)
        if ident is not None:
            break
    else:
        raise Problem(404, f"Unrecognized request URL ({method}: {path}).")
    for name in params:
        if name not in route.parameters:
            raise unknown(name)
    answer = route.handler(Call(path=path, ident=ident, params=params, now=now))
    if isinstance(answer, Problem):
        return answer.status, answer.body
    return 200, expanded(answer, params.get("expand") or [])


def _fingerprint(method: str, path: str, params: dict[str, Any]) -> str:
    request = json.dumps([method, path, params], sort_keys=True)
    return hashlib.sha256(request.encode()).hexdigest()
