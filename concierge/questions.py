"""What patients ask, week by week, how much of it was answered without a person, and what was not understood."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet

from common import clock
from concierge.models import Turn
from concierge.understanding.base import Intent

WEEKS = 6
BY_ITSELF = ("reply", "act")
NOT_UNDERSTOOD = ("", Intent.OTHER.value)


@dataclass
class Asked:
    """One intent. `weeks`: texts in each week, the oldest first; the last is the current one."""

    intent: str
    weeks: list[int] = field(default_factory=lambda: [0] * WEEKS)
    answered: int = 0

    @property
    def total(self) -> int:
        return sum(self.weeks)


@dataclass(frozen=True)
class Summary:
    mondays: list[datetime]  # aware, on the practice's clock
    intents: list[Asked]  # the most asked first
    totals: list[int]
    answered: list[int]  # without a person, of `totals`


def summary(*, now: datetime, zone: str) -> Summary:
    """Counted in one query. A text that wants no answer (silent: a thank-you, a reply to a person) is left out."""
    this_week = clock.local(clock.monday(now, zone), zone)
    mondays = [this_week - timedelta(days=7 * back) for back in range(WEEKS - 1, -1, -1)]
    edges = [*mondays, this_week + timedelta(days=7)]
    weeks = {
        f"week_{place}": Count("pk", filter=Q(started_at__gte=edges[place], started_at__lt=edges[place + 1]))
        for place in range(WEEKS)
    }
    solved = {
        f"by_itself_{place}": Count(
            "pk",
            filter=Q(started_at__gte=edges[place], started_at__lt=edges[place + 1], decision__in=BY_ITSELF),
        )
        for place in range(WEEKS)
    }
    asked = Turn.objects.filter(started_at__gte=mondays[0]).exclude(decision__in=["silent", ""])
    found: dict[str, Asked] = {}
    answered = [0] * WEEKS
    rows: Any = asked.order_by().values("intent").annotate(**weeks, **solved)
    for row in rows:
        one = found.setdefault(row["intent"] or Intent.OTHER.value, Asked(row["intent"] or Intent.OTHER.value))
        for place in range(WEEKS):
            one.weeks[place] += row[f"week_{place}"]
            one.answered += row[f"by_itself_{place}"]
            answered[place] += row[f"by_itself_{place}"]
    intents = sorted(found.values(), key=lambda one: (-one.total, one.intent))
    totals = [sum(one.weeks[place] for one in intents) for place in range(WEEKS)]
    return Summary(mondays, intents, totals, answered)


def not_understood() -> "QuerySet[Turn]":
    """Texts that the engine made nothing of and that nobody has labelled yet, the newest first."""
    unread = Turn.objects.filter(intent__in=NOT_UNDERSTOOD, label__isnull=True, finished_at__isnull=False)
    return unread.exclude(message__body="").select_related("message__patient").order_by("-started_at", "-pk")
