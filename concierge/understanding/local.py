"""The embedded engine: reads a text on this machine; no word of a patient leaves it.

    language -> replies of a word or two -> scores of the whole text and of its parts -> heads that must miss nothing
    -> the likeliest intent, or OTHER below the floor -> what it names

Loaded only by processes that asked with `preload` (the queue worker before it forks, a command); others read by
keywords.
"""

import logging
import os
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from concierge.understanding import artefacts, commands, corpus, encoder, entities, language, short_replies
from concierge.understanding.base import Entities, Intent, Names, ServiceWords, Understanding
from concierge.understanding.keywords import KeywordReader
from concierge.understanding.model import HEADS, Model, Scores

log = logging.getLogger(__name__)

_FIRST = (Intent.EMERGENCY, Intent.OPT_OUT, Intent.CLINICAL, Intent.COMPLAINT, Intent.REFUND_DISPUTE, Intent.HUMAN)
_NO_REQUEST = frozenset({Intent.OTHER, Intent.THANKS, Intent.AFFIRM, Intent.DENY, Intent.OPTION, Intent.HELP})
_SURE_OF_PART = 0.7
_EXACT = 0.95


class LocalReader:
    def __init__(self, model: Model) -> None:
        self._model = model

    def read(
        self,
        text: str,
        *,
        services: Sequence[ServiceWords],
        language: str,
        plans: Sequence[Names] = (),
        providers: Sequence[Names] = (),
    ) -> Understanding:
        exact = self._exactly(text, services, language)
        if exact:
            return exact
        named = entities.found_in(text, services=services, plans=plans, providers=providers)
        return replace(self._scored(text, language), entities=named)

    def _exactly(self, text: str, services: Sequence[ServiceWords], default: str) -> Understanding | None:
        """What is certain without any scores: a bare reply, or a whole question that the strict reader knows."""
        short = short_replies.read(text) or commands.read(text)
        if short:
            return Understanding(short, _EXACT, language.of(text, default=default))
        strict = KeywordReader().read(text, services=services, language=default)
        return strict if strict.intent == Intent.CREDIT_BALANCE else None

    def _scored(self, text: str, default: str) -> Understanding:
        spoken = language.checked(text, default=default)
        if not text.strip():
            return Understanding(Intent.OTHER, 0.0, spoken)
        parts = entities.clauses(text)
        whole, *rest = self._model.scores([text, *parts], language=spoken)
        (best, chance), (second, _), *_ = whole.ranked()
        best, chance = self._first_of_heads(whole, rest) or _of_parts(best, rest) or (best, chance)
        also = _also(best, rest)
        if chance < self._model.learnt.floor:
            return Understanding(Intent.OTHER, chance, spoken, Entities(), also, best)
        return Understanding(best, chance, spoken, Entities(), also, second if second != best else None)

    def _first_of_heads(self, whole: Scores, parts: Sequence[Scores]) -> tuple[Intent, float] | None:
        """The first head that speaks up decides; a part of a long text counts as much as the whole."""
        for head, intents in HEADS.items():
            claimed = max((whole, *parts), key=lambda scores: scores.of_head(head))
            if claimed.of_head(head) >= self._model.learnt.thresholds[head]:
                return max(intents, key=lambda intent: claimed.intents[intent]), claimed.of_head(head)
        return None


def _of_parts(best: Intent, parts: Sequence[Scores]) -> tuple[Intent, float] | None:
    """Two questions in one text can look like a third one: then the first part's own, where each part is sure."""
    asked = [
        (intent, chance)
        for intent, chance in (scores.ranked()[0] for scores in parts)
        if chance >= _SURE_OF_PART and intent not in _NO_REQUEST
    ]
    named = {intent for intent, _ in asked}
    return asked[0] if len(named) > 1 and best not in named else None


def _also(first: Intent, parts: Sequence[Scores]) -> tuple[Intent, ...]:
    """What else the parts of the text ask for, the gravest first."""
    likely = (scores.ranked()[0] for scores in parts)
    wanted = dict.fromkeys(intent for intent, chance in likely if chance >= _SURE_OF_PART)
    others = [intent for intent in wanted if intent != first and intent not in _NO_REQUEST]
    return tuple(sorted(others, key=lambda intent: _FIRST.index(intent) if intent in _FIRST else len(_FIRST)))


_serving: LocalReader | None = None
_WANTED = "CONCIERGE_ENGINE_WANTED"  # in the environment, so that workers that are started anew know it too


def ready() -> LocalReader | None:
    """The engine, if this process reads with it: loaded before, or now in a worker that could not inherit it."""
    return _serving or (preload() if os.environ.get(_WANTED) else None)


def preload() -> LocalReader | None:
    """From now on this process and its children read with the engine, as soon as it has been learnt."""
    global _serving
    os.environ[_WANTED] = "1"
    if _serving is None:
        _serving = opened()
        if _serving is None:
            log.warning("nothing learnt yet: texts are read by keywords; run manage.py train_concierge")
    return _serving


@lru_cache(maxsize=1)
def _engine(file: Path, with_encoder: bool) -> LocalReader | None:
    learnt = artefacts.load(file)
    if learnt is None:
        return None
    reader = LocalReader(Model(learnt, encoder.Encoder() if with_encoder else None))
    reader.read("do i have any facials left", services=(), language="en")  # what is loaded late is loaded now
    return reader


def opened() -> LocalReader | None:
    """The engine as it was last learnt; without the encoder where that cannot be used; None before anything was."""
    for with_encoder in (True, False):
        file = artefacts.path(with_encoder=with_encoder)
        if file.exists() and (not with_encoder or encoder.is_usable()):
            reader = _engine(file, with_encoder)
            if reader:
                return reader
    return None


def learn(*, with_encoder: bool) -> bool:
    """Train and store the engine unless it is there already. Returns whether it had to."""
    from concierge.understanding import training  # scikit-learn takes seconds to import and is needed only here

    file = artefacts.path(with_encoder=with_encoder)
    if artefacts.load(file):
        return False
    learnt = training.train(corpus.examples(), encoder.Encoder() if with_encoder else None)
    artefacts.save(learnt, file)
    _engine.cache_clear()
    return True
