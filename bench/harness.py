"""What a bench hands back, and how often it is run."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

from django.conf import settings
from django.test.utils import override_settings


@dataclass(frozen=True)
class Result:
    """One figure. `ratio` is figure / floor where more is better (rows/s), else cost / floor's cost (seconds).

    `goal` in words; `met` None where there is no goal to meet. `details` say what the figure hides.
    """

    name: str
    figure: float
    unit: str
    floor: float | None = None
    ratio: float | None = None
    goal: str = ""
    met: bool | None = None
    details: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def as_line(self) -> str:
        floor = "-" if self.floor is None else number(self.floor)
        ratio = "-" if self.ratio is None else f"{self.ratio:.2f}"
        met = {None: "", True: "met", False: "MISSED"}[self.met]
        return f"{self.name:<28} {number(self.figure):>10} {self.unit:<8} {floor:>10} {ratio:>7}  {self.goal:<28} {met}"


HEADING = f"{'bench':<28} {'figure':>10} {'unit':<8} {'floor':>10} {'ratio':>7}  {'goal':<28}"


def number(value: float) -> str:
    """Three figures that matter, no more."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def seconds(work: Callable[[], object]) -> float:
    """Wall clock of one call."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def medians(runs: int, measure: Callable[[int], Sequence[float]]) -> list[float]:
    """Median of each column over the runs; a run measures the product and its floor side by side."""
    return [median(column) for column in zip(*(measure(run) for run in range(runs)), strict=True)]


def percentile(values: Iterable[float], percent: int) -> float:
    """Nearest rank. Raises ValueError for no values."""
    ordered = sorted(values)
    if not ordered:
        raise ValueError("nothing was measured")
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


def plain_files() -> override_settings:
    """Pages are asked for in this process, where `collectstatic` may not have run."""
    backend = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    return override_settings(STORAGES={**settings.STORAGES, "staticfiles": backend})
