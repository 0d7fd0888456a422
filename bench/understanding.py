"""The reader that the worker reads with, on one core, against TF-IDF and logistic regression learnt from the very same
examples. Seconds are of CPU, so that a neighbour's load does not count; both read the same texts, which neither learnt.
"""

import json
import multiprocessing
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connections

from bench.harness import Result, percentile
from concierge.understanding import corpus, encoder, local

NAME = "understand"
_TEXTS = Path("tests/concierge/heldout/texts.jsonl")
_MEGABYTE = 1024 * 1024
Figures = dict[str, Any]


def measure(members: int, runs: int) -> list[Result]:
    """`members`: how many texts at most. Each in a process of its own, so that memory and load time are its alone."""
    local.learn(with_encoder=encoder.is_usable())
    labelled = [json.loads(line) for line in (Path(settings.BASE_DIR) / _TEXTS).read_text().splitlines() if line]
    engine = _median([_apart(_engine, labelled[:members]) for _ in range(runs)])
    plain = _median([_apart(_plain, labelled[:members]) for _ in range(runs)])
    ratio = engine["rate"] / plain["rate"]
    details = {
        "texts": len(labelled[:members]), "p50_ms": engine["p50"], "accuracy": engine["accuracy"],
        "with_encoder": encoder.is_usable(), **{f"plain_{name}": value for name, value in plain.items()},
    }  # fmt: skip
    return [
        Result(NAME, engine["rate"], "texts/s", plain["rate"], ratio, details=details),
        Result(f"{NAME}: p99", engine["p99"], "ms CPU", plain["p99"], engine["p99"] / plain["p99"]),
        Result(f"{NAME}: memory", engine["mb"], "MB", plain["mb"], engine["mb"] / plain["mb"]),
        Result(f"{NAME}: load", engine["load"], "s CPU", plain["load"], engine["load"] / plain["load"]),
    ]


def _median(figures: Sequence[Figures]) -> Figures:
    return {name: sorted(one[name] for one in figures)[len(figures) // 2] for name in figures[0]}


def _apart(work: Callable[[Sequence[Figures]], Figures], labelled: Sequence[Figures]) -> Figures:
    connections.close_all()
    with multiprocessing.get_context("fork").Pool(1) as pool:
        return pool.apply(work, (labelled,))


def _engine(labelled: Sequence[Figures]) -> Figures:
    def load() -> Callable[[str], str]:
        reader = local.opened()
        if reader is None:
            raise RuntimeError("the engine could not be built: manage.py train_concierge says why")
        return lambda text: reader.read(text, services=(), language="en").intent.value

    return _read(load, labelled)


def _plain(labelled: Sequence[Figures]) -> Figures:
    """Learns first, outside of what is measured but for the memory that the two objects take."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    def load() -> Callable[[str], str]:
        examples = corpus.examples()
        vectors = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
        regression = LogisticRegression(max_iter=200, C=10)
        regression.fit(vectors.fit_transform([one.text for one in examples]), [one.intent.value for one in examples])
        return lambda text: str(regression.predict(vectors.transform([text]))[0])

    return _read(load, labelled)


def _read(load: Callable[[], Callable[[str], str]], labelled: Sequence[Figures]) -> Figures:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # one core, also for the threads of numpy
    before, began = _resident(), time.process_time()
    read = load()
    loaded, held = time.process_time() - began, _resident() - before
    read("do i have any facials left")
    took, right = [], 0
    for one in labelled:
        began = time.process_time()
        intent = read(one["text"])
        took.append(1000 * (time.process_time() - began))
        right += intent in {one["intent"], *one.get("accept", ())}
    return {
        "rate": round(1000 * len(took) / sum(took), 1), "p50": round(percentile(took, 50), 2),
        "p99": round(percentile(took, 99), 2), "mb": round(held / _MEGABYTE, 1), "load": round(loaded, 2),
        "accuracy": round(right / len(took), 3),
    }  # fmt: skip


def _resident() -> int:
    """Bytes of this process in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
