"""Reading one text for another system, by the same stages as in the live pipeline, without acting on it."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django_q.tasks import async_task

from common import redaction
from common.claims import claim
from concierge import tasks
from concierge.models import Reading
from concierge.understanding import evaluation, reader

FORGOTTEN_AFTER = timedelta(minutes=5)


def ask(*, text: str, now: datetime) -> Reading:
    """Note the text down, as a patient's text would be kept, and let a worker read it."""
    with transaction.atomic():
        asked = Reading.objects.create(text=redaction.redact(text), asked_at=now)
        async_task(tasks.read_text, asked.pk)
    return asked


def fill(pk: int, *, now: datetime) -> None:
    """The worker's part: read the text, keep what came of it, forget the text."""
    asked = Reading.objects.filter(pk=pk, read_at__isnull=True).first()
    if asked is None:
        return
    intent, confidence = evaluation.understand(asked.text, reader())
    answer = {"intent": intent.value, "confidence": round(float(confidence), 3)}
    claim(Reading.objects.filter(pk=pk, read_at__isnull=True), read_at=now, answer=answer, text="")


def take(asked: Reading) -> dict[str, Any] | None:
    """The answer, once there is one; the row is gone then."""
    asked.refresh_from_db()
    if asked.read_at is None:
        return None
    answer: dict[str, Any] = asked.answer
    asked.delete()
    return answer


def forget_old(*, now: datetime) -> int:
    """Drop what nobody waited for. Returns how many."""
    return Reading.objects.filter(asked_at__lte=now - FORGOTTEN_AFTER).delete()[0]
