"""Pieces of words and words of a text, weighted by how telling they are (TF-IDF). Pure Python and numpy."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from concierge.understanding import concepts

Floats = npt.NDArray[np.float32]

_LETTERS = range(2, 6)  # pieces of two to five characters
_MOST_CHARACTERS = 700  # of a long text its start and its end
_CHAR, _WORD, _CONCEPT = "c", "w", "k"
_KINDS = {_CHAR: 0, _WORD: 1, _CONCEPT: 2}


def pieces(text: str) -> list[str]:
    """All pieces of a normalised text, each with a letter in front that says which kind it is."""
    if len(text) > _MOST_CHARACTERS:
        text = f"{text[: _MOST_CHARACTERS * 2 // 3]} {text[-_MOST_CHARACTERS // 3 :]}"
    words = text.split()
    found = [_WORD + word for word in words]
    found += [f"{_WORD}{one} {other}" for one, other in pairwise(words)]
    for word in words:
        padded = f" {word[:24]} "
        found += [
            _CHAR + padded[start : start + length] for length in _LETTERS for start in range(len(padded) - length + 1)
        ]
    return found + [_CONCEPT + concept for concept in concepts.pieces(text)]


class Weights:
    """Which pieces count, and how much. Character pieces and words are each brought to length 1."""

    def __init__(self, vocabulary: Sequence[str], idf: Floats) -> None:
        self.vocabulary = tuple(vocabulary)
        self.idf = idf
        self._index = {piece: at for at, piece in enumerate(self.vocabulary)}

    @classmethod
    def learnt_from(cls, texts: Sequence[str], *, least: int = 2) -> "Weights":
        """Pieces found in `least` texts or more."""
        seen = Counter(piece for text in texts for piece in set(pieces(text)))
        vocabulary = sorted(piece for piece, count in seen.items() if count >= least)
        idf = [1.0 + math.log((1 + len(texts)) / (1 + seen[piece])) for piece in vocabulary]
        return cls(vocabulary, np.asarray(idf, dtype=np.float32))

    def of(self, text: str) -> tuple[npt.NDArray[np.int64], Floats]:
        """Positions and weights of what counts in one text."""
        counts = Counter(index for piece in pieces(text) if (index := self._index.get(piece)) is not None)
        at = np.fromiter(counts.keys(), dtype=np.int64, count=len(counts))
        weights = (1.0 + np.log(np.fromiter(counts.values(), dtype=np.float32, count=len(counts)))) * self.idf[at]
        kinds = np.fromiter((_KINDS[self.vocabulary[i][0]] for i in counts), dtype=np.int64, count=len(counts))
        for kind in _KINDS.values():
            length = float(np.linalg.norm(weights[kinds == kind]))
            if length:
                weights[kinds == kind] /= length
        return at, weights.astype(np.float32)

    def rows(self, texts: Iterable[str]) -> list[tuple[npt.NDArray[np.int64], Floats]]:
        return [self.of(text) for text in texts]
