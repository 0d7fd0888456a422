"""What a sequence is worth: who was written to against who was left out by lot, with a 95 % interval. Reads only."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import sqrt

from django.db.models import Count, DateTimeField, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet
from django.db.models.functions import TruncDate

from members.models import Membership, MembershipChange, Visit
from outreach.models import Enrolment, Sequence

WITHIN = timedelta(days=30)
_Z = 1.959964  # of the normal distribution, for 95 %


@dataclass(frozen=True)
class Group:
    reached: int  # how many of them did what the sequence is for
    all: int

    @property
    def share(self) -> float:
        return self.reached / self.all if self.all else 0.0

    @property
    def percent(self) -> str:
        return f"{self.share * 100:.1f} %" if self.all else "–"


@dataclass(frozen=True)
class Lift:
    """Percentage points between the two groups, and the interval that holds the true difference 19 times of 20."""

    what: str
    written_to: Group
    left_out: Group
    points: float
    low: float
    high: float

    @property
    def is_told(self) -> bool:
        """Whether the interval leaves nought out: then it was more than chance."""
        return self.low > 0 or self.high < 0


def of(sequence: Sequence, *, now: datetime) -> Lift | None:
    """None where nobody was left out yet. Only enrolments whose thirty days are over count, so that both groups had
    the same time."""
    what, reached = _goal(sequence)
    over = Enrolment.objects.filter(sequence=sequence, started_at__lte=now - WITHIN).order_by()
    ends = ExpressionWrapper(F("started_at") + WITHIN, output_field=DateTimeField())
    days = over.annotate(began_on=TruncDate("started_at"), over_on=TruncDate(ends))
    marked = days.annotate(did_it=Exists(reached)).values("held_out")
    counted = marked.annotate(n=Count("pk"), did=Count("pk", filter=Q(did_it=True)))
    groups = {row["held_out"]: Group(row["did"], row["n"]) for row in counted}
    if True not in groups or False not in groups:
        return None
    written_to, left_out = groups[False], groups[True]
    low, high = difference(written_to, left_out)
    points = (written_to.share - left_out.share) * 100
    return Lift(what, written_to, left_out, points, low * 100, high * 100)


def difference(one: Group, other: Group) -> tuple[float, float]:
    """Interval of the difference of two shares from their score intervals: holds for small groups and for 0 and 100 %
    (R. G. Newcombe, Statistics in Medicine 17 (1998), 873-890, method 10)."""
    low_one, high_one = _score_interval(one)
    low_other, high_other = _score_interval(other)
    between = one.share - other.share
    below = sqrt((one.share - low_one) ** 2 + (high_other - other.share) ** 2)
    above = sqrt((high_one - one.share) ** 2 + (other.share - low_other) ** 2)
    return between - below, between + above


def _score_interval(group: Group) -> tuple[float, float]:
    """Wilson's, of one share."""
    n, share = group.all, group.share
    middle = share + _Z**2 / (2 * n)
    half = _Z * sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2))
    return (middle - half) / (1 + _Z**2 / n), (middle + half) / (1 + _Z**2 / n)


def _goal(sequence: Sequence) -> tuple[str, "QuerySet[Visit] | QuerySet[Membership] | QuerySet[MembershipChange]"]:
    """What the sequence is for, in words, and the rows that show it within thirty days of an enrolment."""
    began, ends = OuterRef("started_at"), OuterRef("started_at") + WITHIN
    if sequence.slug == Sequence.Slug.UPGRADE:
        upgrades = MembershipChange.objects.filter(kind=MembershipChange.Kind.UPGRADED, occurred_at__gte=began)
        return "upgraded", upgrades.filter(membership=OuterRef("membership"), occurred_at__lte=ends)
    if sequence.slug == Sequence.Slug.WIN_BACK:
        again = Membership.objects.filter(patient=OuterRef("membership__patient")).exclude(pk=OuterRef("membership"))
        return "joined again", again.filter(started_on__gte=OuterRef("began_on"), started_on__lte=OuterRef("over_on"))
    visits = Visit.objects.filter(patient=OuterRef("membership__patient"), status=Visit.Status.COMPLETED)
    return "came in", visits.filter(starts_at__gte=began, starts_at__lte=ends)
