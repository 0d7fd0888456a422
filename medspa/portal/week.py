"""The cadence of this week for Today: each round done or planned, with its numbers."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Case, Count, OuterRef, Subquery, When
from django.db.models.functions import Coalesce

from common import clock
from members import places
from outreach.audiences import CHOSEN
from outreach.cadence import ROUNDS
from outreach.cadence.rounds import SEQUENCES
from outreach.models import CadencePlan, Message, PlanLine

At = Collection[int] | None
_SLUGS = [slug for slugs in SEQUENCES.values() for slug in slugs]
_TO_WRITE_TO = PlanLine.objects.filter(plan=OuterRef("pk"), why=CHOSEN, held_out=False).order_by().values("plan")
# How many a dry run would enrol. Not asked of what ran: a plan may have a line for every member.
_WOULD = Case(
    When(ran_at__isnull=True, then=Coalesce(Subquery(_TO_WRITE_TO.annotate(n=Count("pk")).values("n")), 0)), default=0
)


@dataclass(frozen=True)
class Line:
    """One round. `enrolled` is None while it has not run; `dry_run` is the newest one of this week, `would` its count.

    `texts`: of the round's sequences since Monday, of whatever enrolment; they are the rows of the list of texts.
    """

    which: str
    title: str
    what: str
    on: date
    hour: int
    is_today: bool
    is_over: bool
    enrolled: int | None
    plan: int | None
    would: int
    texts: int


def rounds(*, now: datetime, zone: str, at: At = None) -> list[Line]:
    """Monday's, Wednesday's and Friday's round of the week that runs on the clock of `zone`.

    Two statements.
    """
    begins = clock.monday(now, zone)
    made = places.within(CadencePlan.objects.filter(on__gte=begins.date(), which__in=SEQUENCES), at, "location")
    plans: dict[str, list[CadencePlan]] = {which: [] for which in SEQUENCES}
    for each in made.order_by("pk").annotate(would=_WOULD):
        plans[each.which].append(each)
    texts = places.within(
        Message.objects.filter(created_at__gte=begins, enrolment__sequence__slug__in=_SLUGS),
        at,
        "patient__home_location",
    )
    sent = dict(texts.order_by().values_list("enrolment__sequence__slug").annotate(Count("pk")))
    return [_line(which, plans[which], sent, clock.local_date(now, zone), begins.date()) for which in SEQUENCES]


def _line(
    which: str,
    plans: list[CadencePlan],
    sent: dict[str, int],
    today: date,
    monday: date,
) -> Line:
    round_ = ROUNDS[which]
    on = monday + timedelta(days=min(round_.weekdays))
    ran = [each for each in plans if each.ran_at]
    waiting = plans[-1] if plans and not ran else None
    shown = ran[0] if len(ran) == 1 else waiting  # several ran, one a location: the cadence's page lists them
    return Line(
        which=which,
        title=round_.title,
        what=round_.what,
        on=on,
        hour=round_.hour,
        is_today=on == today,
        is_over=on < today,
        enrolled=sum(each.enrolled for each in ran) if ran else None,
        plan=shown.pk if shown else None,
        would=waiting.would if waiting else 0,  # type: ignore[attr-defined]
        texts=sum(sent.get(slug, 0) for slug in SEQUENCES[which]),
    )
