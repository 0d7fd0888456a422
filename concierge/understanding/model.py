"""What was learnt, ready to be asked: one linear layer over a sentence vector and pieces of words. numpy only."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from concierge.understanding.base import Intent
from concierge.understanding.ngrams import Floats, Weights
from concierge.understanding.normalising import Speller, plain, written_out

# Recall first: what must not be missed is claimed at a low threshold, in this order.
HEADS: dict[str, tuple[Intent, ...]] = {
    "emergency": (Intent.EMERGENCY,),
    "opt_out": (Intent.OPT_OUT,),
    "clinical": (Intent.CLINICAL,),
    "to_person": (Intent.COMPLAINT, Intent.HUMAN),
}
PIECES_COUNT = 0.707  # against the sentence vector


class Encodes(Protocol):
    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]: ...


@dataclass(frozen=True)
class Scores:
    """Calibrated probabilities of one text over all intents; they sum to 1."""

    intents: dict[Intent, float]

    def of_head(self, head: str) -> float:
        return sum(self.intents[intent] for intent in HEADS[head])

    def ranked(self) -> list[tuple[Intent, float]]:
        return sorted(self.intents.items(), key=lambda pair: -pair[1])


@dataclass(frozen=True)
class Learnt:
    """Everything that is stored. `dense` is empty (0 rows) for the model that works without the encoder."""

    intents: tuple[str, ...]
    weights: Weights
    dense: Floats  # SIZE x intents
    sparse: Floats  # pieces x intents
    bias: Floats
    mean: Floats  # of the sentence vectors
    ours: tuple[str, ...]  # words that the speller may mend to
    known: tuple[str, ...]  # words that it leaves alone
    temperature: float
    floor: float  # abstain below
    thresholds: dict[str, float]  # of the heads


class Model:
    def __init__(self, learnt: Learnt, encoder: Encodes | None) -> None:
        if (encoder is None) != (len(learnt.dense) == 0):
            raise ValueError("This model and this encoder do not belong together.")
        self.learnt = learnt
        self._encoder = encoder
        self._speller = Speller(learnt.ours, learnt.known)
        self._intents = tuple(Intent(name) for name in learnt.intents)

    def normalised(self, text: str, language: str) -> str:
        if language != "en":
            return plain(text)
        return self._speller.mended(written_out(plain(text)))

    def scores(self, texts: Sequence[str], *, language: str) -> list[Scores]:
        """One Scores a text, for any text, even an empty one."""
        normalised = [self.normalised(text, language) for text in texts]
        logits = np.stack([self._by_pieces(text) for text in normalised])
        if self._encoder is not None:
            logits += centred(self._encoder.encode(normalised), self.learnt.mean) @ self.learnt.dense
        chances = softmax(logits / self.learnt.temperature)
        return [Scores(dict(zip(self._intents, map(float, row), strict=True))) for row in chances]

    def _by_pieces(self, text: str) -> Floats:
        at, weights = self.learnt.weights.of(text)
        return self.learnt.bias + PIECES_COUNT * (weights @ self.learnt.sparse[at])


def centred(vectors: Floats, mean: Floats) -> Floats:
    """Sentence vectors around their mean, each of length 1."""
    vectors = vectors - mean
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)  # type: ignore[no-any-return]


def softmax(logits: Floats) -> Floats:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)  # type: ignore[no-any-return]
