"""The API's routes of this floor; the top floor puts them under /api/v1/concierge (medspa/api.py)."""

import time
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import ConfigDict, Field

from common import clock, problems, texts
from common.problems import Problem
from concierge import readings
from concierge.understanding import Intent
from members.api_access import Key
from members.models import ApiKey

router = Router()
_PROBLEMS = dict.fromkeys((400, 401, 403, 413, 422, 429, 503), problems.ProblemOut)
_LOOKED_AGAIN_AFTER = 0.05


class TextIn(Schema):
    model_config = ConfigDict(extra="forbid")

    text: str = Field(max_length=1_600, description="As a patient would send it.")


class UnderstoodOut(Schema):
    intent: Intent
    confidence: float = Field(ge=0, le=1)


@router.post("/understand", response={200: UnderstoodOut, **_PROBLEMS}, auth=Key(ApiKey.Scope.UNDERSTAND))
def understand(request: HttpRequest, asked: TextIn) -> Any:
    """What the concierge would take this text for. Nothing is sent, booked or kept."""
    now = clock.now()
    readings.forget_old(now=now)
    waiting = readings.ask(text=texts.storable(asked.text), now=now)
    until = time.monotonic() + settings.UNDERSTAND_WAIT_SECONDS
    while (answer := readings.take(waiting)) is None:
        if time.monotonic() >= until:
            raise Problem(503, "The reader is busy. Ask again in a moment.", headers={"Retry-After": "1"})
        time.sleep(_LOOKED_AGAIN_AFTER)
    return answer
