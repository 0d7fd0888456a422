"""The week as a calendar: on each day the rounds that the clock runs, at which hour, and what came of them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from common import clock
from members import places
from outreach.cadence.rounds import ROUNDS
from outreach.models import CadencePlan


@dataclass(frozen=True)
class Slot:
    """One round on one day. `enrolled` is None where it has not run; `plan` is None also where several ran that day."""

    title: str
    hour: int
    enrolled: int | None
    plan: int | None


@dataclass(frozen=True)
class Day:
    on: date
    is_today: bool
    is_over: bool
    slots: list[Slot]


def week(*, now: datetime, zone: str, at: Collection[int] | None = None) -> list[Day]:
    """Monday to Sunday of the week that runs on the clock of `zone`; `at`: runs of these locations only."""
    monday, today = clock.monday(now, zone).date(), clock.local_date(now, zone)
    days = [monday + timedelta(days=ahead) for ahead in range(7)]
    ran = CadencePlan.objects.filter(ran_at__isnull=False, on__range=(days[0], days[-1]), which__in=ROUNDS)
    runs: dict[tuple[str, date], list[CadencePlan]] = {}
    for each in places.within(ran, at, "location").order_by("pk"):
        runs.setdefault((each.which, each.on), []).append(each)
    return [Day(on=on, is_today=on == today, is_over=on < today, slots=_slots(on, runs)) for on in days]


def _slots(on: date, runs: dict[tuple[str, date], list[CadencePlan]]) -> list[Slot]:
    """What the clock runs that day, in the order of the hours, and what staff ran besides."""
    slots = []
    for which, round_ in sorted(ROUNDS.items(), key=lambda item: item[1].hour):
        found = runs.get((which, on), [])
        if found or on.weekday() in round_.weekdays:
            enrolled = sum(each.enrolled for each in found) if found else None
            plan = found[0].pk if len(found) == 1 else None
            slots.append(Slot(title=round_.title, hour=round_.hour, enrolled=enrolled, plan=plan))
    return slots
