"""Idempotency-Key: the first answer is kept for a day and given again to every repeat."""

import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from common.claims import claim
from common.problems import Problem
from members.models import ApiKey, ApiReplay

KEPT = timedelta(days=1)
ABANDONED = timedelta(minutes=5)  # longer than any request lives


def once(
    *, api_key: ApiKey, key: str, request_body: bytes, path: str, make: Callable[[], Any], now: datetime
) -> tuple[Any, bool]:
    """What `make` answers, and whether it is the kept answer of an earlier request with the same key.

    Raises Problem 422 where the key came with another body or path before, 409 while the first request still runs.
    """
    fingerprint = hashlib.sha256(path.encode() + b"\n" + request_body).hexdigest()
    replay = _begin(api_key, key, fingerprint, now)
    if replay.status is not None:
        return json.loads(replay.body), True
    try:
        answer = make()
    except BaseException:
        replay.delete()  # nothing was written: the key may be used again
        raise
    ApiReplay.objects.filter(pk=replay.pk).update(status=200, body=json.dumps(answer))
    return answer, False


def forget_old(*, now: datetime) -> int:
    return ApiReplay.objects.filter(created_at__lt=now - KEPT).delete()[0]


def _begin(api_key: ApiKey, key: str, fingerprint: str, now: datetime) -> ApiReplay:
    try:
        with transaction.atomic():
            return ApiReplay.objects.create(api_key=api_key, key=key, fingerprint=fingerprint, created_at=now)
    except IntegrityError:
        replay = ApiReplay.objects.filter(api_key=api_key, key=key).first()
    if replay is None:
        raise Problem(409, "The first request with this Idempotency-Key just failed. Send it again.")
    if replay.fingerprint != fingerprint:
        raise Problem(422, "This Idempotency-Key came with another request before. Use a new key for a new request.")
    left = ApiReplay.objects.filter(pk=replay.pk, status__isnull=True, created_at__lte=now - ABANDONED)
    if replay.status is None and not claim(left, created_at=now):
        raise Problem(409, "The first request with this Idempotency-Key still runs.", headers={"Retry-After": "5"})
    return replay
