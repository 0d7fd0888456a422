"""A conversation as staff read it: each of the patient's texts with what automation made of it, in plain words."""

import re
from collections.abc import Sequence

from concierge.understanding.base import Intent
from outreach.models import Message

_CITATION = re.compile(r"\s*\(R\d[^)]*\)")  # rules cite our own research notes, which no desk has


def text(message: Message) -> Message:
    """`message` with `why`, `rule` and `sure` ("92%"), each '' for what no automation read."""
    turn = getattr(message, "turn", None)
    message.rule = _CITATION.sub("", turn.rule).strip() if turn else ""  # type: ignore[attr-defined]
    sure = turn.confidence if turn else None
    message.sure = f"{sure:.0%}" if sure is not None else ""  # type: ignore[attr-defined]
    message.why = _why(turn.intent, turn.rule) if turn else ""  # type: ignore[attr-defined]
    return message


def seen(thread: Sequence[Message]) -> str:
    """Changes when the thread looks different: a new text, another delivery state, a text that was understood."""
    marks = (f"{one.pk}.{one.status}.{int(hasattr(one, 'turn'))}" for one in thread[-12:])
    return "-".join(marks)


def _why(intent: str, rule: str) -> str:
    understood = f"understood as {_plain(intent)}" if intent and intent != Intent.OTHER else ""
    return " · ".join(part for part in (understood, _plain(_CITATION.sub("", rule))) if part)


def _plain(code: str) -> str:
    return code.replace("_", " ").strip()
