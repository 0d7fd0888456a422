"""Texts that the engine did not understand, labelled by a person: kept without who wrote them, to train on."""

import json
import re
from collections import defaultdict
from datetime import datetime
from typing import Any

import yaml
from django.db import transaction

from common import redaction
from common.errors import Refused
from concierge.models import LabelledText, Turn
from concierge.understanding import language
from concierge.understanding.base import Intent
from members import audit
from members.models import Patient, StaffUser

_MAIL = re.compile(r"\S+@\S+\.\w+")
_LINK = re.compile(r"https?://\S+|www\.\S+", re.IGNORECASE)
_LONG_NUMBER = re.compile(r"\+?\d(?:[\s().-]{0,3}\d){6,}")
_SHORTEST_NAME = 2


def anonymous(text: str, patient: Patient | None) -> str:
    """The text without cards, links, e-mail addresses, phone and other long numbers, and without the patient's name."""
    words = redaction.redact(text)
    for pattern, instead in ((_LINK, "[link]"), (_MAIL, "[e-mail]"), (_LONG_NUMBER, "[number]")):
        words = pattern.sub(instead, words)
    names = f"{patient.first_name} {patient.last_name}".split() if patient else []
    for name in names:
        if len(name) >= _SHORTEST_NAME:
            words = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "[name]", words, flags=re.IGNORECASE)
    return " ".join(words.split())


@transaction.atomic
def label(*, turn: Turn, intent: str, by: StaffUser, now: datetime) -> LabelledText:
    """Keep what the text of `turn` meant. Raises Refused for a meaning that the engine does not know."""
    if intent not in {one.value for one in Intent}:
        raise Refused("Choose what the text meant.", code="no_intent")
    text = anonymous(turn.message.body, turn.message.patient)
    if not text:
        raise Refused("Nothing is left of this text without names and numbers.", code="empty")
    kept, _ = LabelledText.objects.update_or_create(
        turn=turn,
        defaults={
            "text": text,
            "intent": intent,
            "language": language.of(text, default="en"),
            "labelled_by": by,
            "labelled_at": now,
        },
    )
    data = {"turn": turn.pk, "intent": intent}
    audit.record("example.labelled", actor=f"staff:{by.pk}", patient=turn.message.patient, now=now, data=data)
    return kept


def as_jsonl() -> str:
    """A line a text, as `evaluate_concierge` reads them."""
    rows = LabelledText.objects.all()
    return "".join(f"{json.dumps({'text': row.text, 'intent': row.intent}, ensure_ascii=False)}\n" for row in rows)


def as_yaml() -> str:
    """A document an intent, of the form of `understanding/examples/*.yaml`."""
    by_intent: dict[str, dict[str, Any]] = defaultdict(lambda: {"en": [], "es": []})
    for row in LabelledText.objects.all():
        by_intent[row.intent][row.language].append(row.text)
    documents = [
        {"intent": intent, **{code: "".join(f"{line}\n" for line in lines) for code, lines in texts.items()}}
        for intent, texts in sorted(by_intent.items())
    ]
    return yaml.safe_dump_all(documents, allow_unicode=True, sort_keys=False, width=1_000)
