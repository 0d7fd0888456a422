"""How the engine learns from the examples. scikit-learn is needed here only; what is learnt needs numpy alone.

Every example is seen twice, as written and with slips of the keyboard. What a confidence is worth, from which one on
the engine speaks at all and how eager each head is, are taken from folds that had not seen the example (nor its copy).
"""

import random
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from concierge.understanding.base import Intent
from concierge.understanding.corpus import Example
from concierge.understanding.encoder import SIZE, Encoder
from concierge.understanding.model import HEADS, PIECES_COUNT, Learnt, centred, softmax
from concierge.understanding.ngrams import Floats, Weights
from concierge.understanding.normalising import Speller, plain, written_out

# Part of the artefact's key: change a number and it is learnt anew.
SETTINGS: dict[str, float] = {
    "version": 1,
    "strength": 5,  # C of the regression
    "slips": 0.06,  # of the letters of a copy
    "folds": 3,
    "kept": 0.99,  # share of what is in scope that is answered, not abstained from
}
_SEED = 7
_LEAST_OF_A_WORD = 3
# Of each head: the share of its own texts that it may miss, and of others that it may claim whatever it misses then.
_ALLOWED = {
    "emergency": (0.01, 0.010),
    "opt_out": (0.02, 0.005),
    "clinical": (0.01, 0.020),
    "to_person": (0.05, 0.007),
}

Matrix = Any  # scipy's csr_matrix; scipy has no types here
Labels = npt.NDArray[np.str_]

# Neighbours whose texts are no false alarms.
_NEAR = {"clinical": {Intent.EMERGENCY}, "to_person": {Intent.REFUND_DISPUTE}}


def train(examples: Sequence[Example], encoder: Encoder | None) -> Learnt:
    """Learn from `examples`; without an encoder from pieces of words alone. Some ten seconds of CPU."""
    speller_words = _ours(examples)
    known = tuple(sorted(encoder.known_words())) if encoder else ()
    texts = _normalised(examples, Speller(speller_words, known))
    labels = np.array([example.intent.value for example in examples] * 2)
    weights = Weights.learnt_from(texts[: len(examples)])
    vectors = encoder.encode(texts) if encoder else np.zeros((len(texts), 0), dtype=np.float32)
    mean = vectors[: len(examples)].mean(axis=0) if encoder else np.zeros(0, dtype=np.float32)
    features = _features(centred(vectors, mean) if encoder else vectors, weights, texts)
    intents = tuple(sorted(set(labels)))
    temperature, floor, thresholds = _calibrated(features, labels, intents)
    coefficients, bias = _fitted(features, labels, intents)
    split = SIZE if encoder else 0
    return Learnt(
        intents=intents,
        weights=weights,
        dense=coefficients[:split],
        sparse=coefficients[split:],
        bias=bias,
        mean=mean,
        ours=speller_words,
        known=known,
        temperature=temperature,
        floor=floor,
        thresholds=thresholds,
    )


def _ours(examples: Sequence[Example]) -> tuple[str, ...]:
    """English words that the examples use often enough not to be slips themselves."""
    english = (set(written_out(plain(one.text)).split()) for one in examples if one.language == "en")
    counts = Counter(word for words in english for word in words if word.isalpha())
    return tuple(sorted(word for word, count in counts.items() if count >= _LEAST_OF_A_WORD))


def _normalised(examples: Sequence[Example], speller: Speller) -> list[str]:
    """All texts as the engine will see them, then all of them again with slips."""
    rng = random.Random(_SEED)  # noqa: S311  (no secret; the same every time)

    def seen(text: str, language: str) -> str:
        return speller.mended(written_out(plain(text))) if language == "en" else plain(text)

    clean = [seen(one.text, one.language) for one in examples]
    return clean + [seen(_with_slips(plain(one.text), rng), one.language) for one in examples]


def _with_slips(text: str, rng: random.Random) -> str:
    letters = list(text)
    for _ in range(max(1, int(len(letters) * SETTINGS["slips"]))):
        at = rng.randrange(len(letters)) if letters else 0
        if not letters or not letters[at].isalpha():
            continue
        kind = rng.randrange(4)
        if kind == 0 and len(letters) > 1:
            del letters[at]
        elif kind == 1:
            letters.insert(at, letters[at])
        elif kind == 2 and at + 1 < len(letters):
            letters[at], letters[at + 1] = letters[at + 1], letters[at]
        else:
            letters[at] = rng.choice("abcdefghijklmnopqrstuvwxyz")
    return "".join(letters)


def _features(vectors: Floats, weights: Weights, texts: Sequence[str]) -> Matrix:
    rows = weights.rows(texts)
    ends = np.cumsum([0, *(len(at) for at, _ in rows)])
    at = np.concatenate([at for at, _ in rows])
    values = np.concatenate([values for _, values in rows])
    pieces = sparse.csr_matrix((values, at, ends), shape=(len(texts), len(weights.vocabulary)))
    return sparse.hstack([sparse.csr_matrix(vectors), pieces * PIECES_COUNT]).tocsr().astype(np.float32)


def _fitted(features: Matrix, labels: Labels, intents: Sequence[str]) -> tuple[Floats, Floats]:
    """Coefficients (features x intents) and bias."""
    regression = LogisticRegression(C=SETTINGS["strength"], max_iter=100, tol=2e-3, class_weight="balanced")
    regression.fit(features, labels)
    if tuple(regression.classes_) != tuple(intents):
        raise ValueError("Each intent needs examples in every fold.")
    return regression.coef_.T.astype(np.float32), regression.intercept_.astype(np.float32)


def _wanted(head: str, labels: Labels) -> npt.NDArray[np.bool_]:
    return np.isin(labels, list(HEADS[head]))


def _calibrated(features: Matrix, labels: Labels, intents: Sequence[str]) -> tuple[float, float, dict[str, float]]:
    """Temperature, floor and the heads' thresholds, from what each fold says of texts that it has not seen."""
    count = len(labels) // 2
    folds = np.random.default_rng(_SEED).permutation(count) % int(SETTINGS["folds"])
    logits = np.zeros((count, len(intents)), dtype=np.float32)
    for fold in range(int(SETTINGS["folds"])):
        learn = np.flatnonzero(folds != fold)
        coefficients, bias = _fitted(features[both := np.concatenate([learn, learn + count])], labels[both], intents)
        unseen = np.flatnonzero(folds == fold)
        logits[unseen] = features[unseen] @ coefficients + bias
    truth = np.searchsorted(intents, labels[:count])
    temperature = _temperature(logits, truth)
    chances = softmax(logits / temperature)
    in_scope = labels[:count] != Intent.OTHER
    # Fix the share that is kept, not the precision: a precision target collapses when most answers are right.
    floor = float(np.quantile(chances[in_scope].max(axis=1), 1 - SETTINGS["kept"]))
    thresholds = {}
    for head, own in HEADS.items():
        of_head = chances[:, np.isin(intents, list(own))].sum(axis=1)
        thresholds[head] = _threshold(head, of_head, labels[:count])
    return temperature, floor, thresholds


def _temperature(logits: Floats, truth: npt.NDArray[np.intp]) -> float:
    """By which the logits are divided so that a confidence of 0.8 is right eight times of ten."""

    def loss(temperature: float) -> float:
        return float(-np.log(softmax(logits / temperature)[np.arange(len(truth)), truth] + 1e-9).mean())

    return min((step / 20 for step in range(6, 60)), key=loss)


def _threshold(head: str, chances: Floats, labels: Labels) -> float:
    """As low as it takes to miss few of its own, but not so low that it claims more of the others than it may."""
    own = _wanted(head, labels)
    others = chances[~own & ~np.isin(labels, list(_NEAR.get(head, ())))]
    may_miss, may_claim = _ALLOWED[head]
    return float(max(np.quantile(chances[own], may_miss), np.quantile(others, 1 - may_claim)))
