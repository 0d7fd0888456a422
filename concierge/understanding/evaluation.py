"""How well texts are understood, by the same stages as in the live pipeline: emergency, opt-out, keywords, reader."""

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from concierge.understanding import safety
from concierge.understanding.base import Intent, Reader
from outreach import keywords


@dataclass(frozen=True)
class Labelled:
    """A text, what it wants, and what else would be as right."""

    text: str
    intent: Intent
    accept: frozenset[Intent]


@dataclass(frozen=True)
class Read:
    labelled: Labelled
    intent: Intent
    confidence: float
    milliseconds: float  # of CPU

    @property
    def is_right(self) -> bool:
        return self.intent in self.labelled.accept


@dataclass(frozen=True)
class Report:
    """Shares are 0 to 1, None where nothing was asked. Recall counts an accepted answer as found."""

    reads: tuple[Read, ...]
    recall: dict[str, float | None] = field(default_factory=dict)
    precision: dict[str, float | None] = field(default_factory=dict)

    @property
    def accuracy(self) -> float | None:
        return _share(one.is_right for one in self.reads)

    @property
    def abstained(self) -> float | None:
        """Read as OTHER although it is something else."""
        return _share(one.intent == Intent.OTHER for one in self.reads if one.labelled.intent != Intent.OTHER)

    @property
    def false_opt_outs(self) -> float | None:
        """Of the texts that ask for anything else, those that would have ended all texts."""
        return _share(one.intent == Intent.OPT_OUT for one in self.reads if Intent.OPT_OUT not in one.labelled.accept)

    def milliseconds(self, percentile: int) -> float:
        ordered = sorted(one.milliseconds for one in self.reads)
        return ordered[min(len(ordered) - 1, len(ordered) * percentile // 100)] if ordered else 0.0

    def confusions(self) -> Counter[tuple[str, str]]:
        """How often each (wanted, read) pair of wrong answers came up."""
        return Counter((one.labelled.intent.value, one.intent.value) for one in self.reads if not one.is_right)


def evaluate(labelled: Iterable[Labelled], reader: Reader) -> Report:
    reads = []
    for one in labelled:
        started = time.process_time()
        intent, confidence = understand(one.text, reader)
        reads.append(Read(one, intent, confidence, (time.process_time() - started) * 1000))
    return Report(tuple(reads), _by_intent(reads, of_wanted=True), _by_intent(reads, of_wanted=False))


def understand(text: str, reader: Reader) -> tuple[Intent, float]:
    """Intent and confidence of one text, safety and keywords first (settled order of an inbound text)."""
    if safety.emergency(text):
        return Intent.EMERGENCY, 1.0
    keyword = keywords.read(text).meaning
    if keyword != keywords.Meaning.NOTHING:
        return _OF_KEYWORD[keyword], 1.0
    if safety.says_wrong_number(text):
        return Intent.WRONG_NUMBER, 1.0
    if safety.wants_out(text):
        return Intent.OPT_OUT, 1.0
    understood = reader.read(text, services=(), language="en")
    return understood.intent, understood.confidence


_OF_KEYWORD = {
    keywords.Meaning.STOP: Intent.OPT_OUT,
    keywords.Meaning.START: Intent.OPT_IN,
    keywords.Meaning.HELP: Intent.HELP,
}


def _by_intent(reads: Sequence[Read], *, of_wanted: bool) -> dict[str, float | None]:
    found = {}
    for intent in Intent:
        chosen = [one for one in reads if (one.labelled.intent if of_wanted else one.intent) == intent]
        found[intent.value] = _share(one.is_right for one in chosen)
    return found


def _share(answers: Iterable[bool]) -> float | None:
    listed = list(answers)
    return sum(listed) / len(listed) if listed else None
