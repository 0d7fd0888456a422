"""How a figure is said and drawn: numerator and denominator -> words, and the number on a chart's axis."""

from datetime import timedelta
from typing import Any

from common import money
from members.metrics import Metric

SECONDS_A_DAY = 86_400


def words(metric: Metric, counted: tuple[int, int] | None) -> str:
    """61.3 %, 27.4 days, $1,290.00; a dash where nothing was counted or there is nothing to divide by."""
    if counted is None:
        return "–"
    above, below = counted
    if metric.kind == "money":
        return money.readable(above, "usd")
    if not below:
        return "–"
    return f"{above / below * 100:.1f} %" if metric.kind == "share" else f"{above / below / SECONDS_A_DAY:.1f} days"


def plotted(metric: Metric, counted: tuple[int, int] | None) -> str:
    """Per cent, days or dollars as a plain decimal number; "" for a gap."""
    if counted is None or (metric.kind != "money" and not counted[1]):
        return ""
    above, below = counted
    if metric.kind == "money":
        return f"{above / 100:.2f}"
    return f"{above / below * (100 if metric.kind == 'share' else 1 / SECONDS_A_DAY):.2f}"


def change(metric: Metric, now: tuple[int, int] | None, before: tuple[int, int] | None) -> str:
    """Against the month before: "+2.1 points", "-1.5 days", "+$320.00"; "" where either is missing."""
    here, there = plotted(metric, now), plotted(metric, before)
    if not here or not there:
        return ""
    by = float(here) - float(there)
    if metric.kind == "money":
        return ("+" if by >= 0 else "") + money.readable(round(by * 100), "usd")
    return f"{by:+.1f} {'points' if metric.kind == 'share' else 'days'}"


def worth_words(worth: Any) -> str:
    """What one row adds to a sum: money from cents, days from a duration, nothing where rows are only counted."""
    if worth is None:
        return ""
    if isinstance(worth, timedelta):
        return f"{worth.total_seconds() / SECONDS_A_DAY:.1f} days"
    return money.readable(int(worth), "usd")
