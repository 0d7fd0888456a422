"""The facts of the Today page: what waits for a person, what money is at risk, who comes in, what ran by itself."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, IntegerField, OuterRef, Q, Subquery, Sum, Window
from django.db.models.functions import Coalesce

from common import clock
from members import declines, places
from members.arrivals import Arrival, flagged
from members.forms import recovered_invoices
from members.models import Escalation, Invoice, Membership, Visit
from outreach.models import Message

DAY = timedelta(days=1)
SHOWN = 8

At = Collection[int] | None  # primary keys of locations whose rows are meant; None: of all
Status, Direction = Message.Status, Message.Direction


@dataclass(frozen=True)
class Cases:
    open: int
    overdue: int
    emergencies: int
    first: list[Escalation]


@dataclass(frozen=True)
class AtRisk:
    members: int
    cents: int
    first: list[Any]  # Membership with owed_cents, decline, next_attempt_at


@dataclass
class Automation:
    """The last 24 hours, by when a message was made."""

    sent: int = 0
    delivered: int = 0
    answered: int = 0
    trouble: int = 0
    held: int = 0
    held_because: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    recovered: int = 0
    recovered_cents: int = 0


def cases(*, now: datetime, at: At = None) -> Cases:
    """The totals are of all that wait, the rows are a few; one statement."""
    unresolved = Escalation.objects.exclude(state=Escalation.State.RESOLVED)
    waiting = places.within(unresolved, at, "location", "patient__home_location")
    rows: list[Any] = list(
        waiting.select_related("patient", "claimed_by")
        .annotate(
            all_open=Window(Count("pk")),
            all_overdue=Window(Count("pk", filter=Q(due_at__lt=now))),
            all_emergencies=Window(Count("pk", filter=Q(severity=Escalation.Severity.EMERGENCY))),
        )
        .order_by("severity", "due_at", "pk")[:SHOWN]
    )
    if not rows:
        return Cases(open=0, overdue=0, emergencies=0, first=[])
    first = rows[0]
    return Cases(open=first.all_open, overdue=first.all_overdue, emergencies=first.all_emergencies, first=rows)


def at_risk(*, at: At = None) -> AtRisk:
    """Members past due and what they owe, the longest wait first. The totals are of all, the rows are a few."""
    owed = Invoice.objects.filter(membership=OuterRef("pk"), status=Invoice.Status.OPEN).order_by("issued_at")
    total = owed.order_by().values("membership").annotate(all=Sum("amount_remaining_cents")).values("all")
    rows: list[Any] = list(
        places.within(Membership.objects.past_due(), at, "location")
        .select_related("patient", "plan", "location")
        .annotate(
            owed_cents=Coalesce(Subquery(total, output_field=IntegerField()), 0),
            decline_code=Subquery(owed.values("decline_code")[:1]),
            next_attempt_at=Subquery(owed.values("next_attempt_at")[:1]),
        )
        .annotate(all_members=Window(Count("pk")), all_cents=Window(Sum("owed_cents")))
        .order_by(F("past_due_since").asc(nulls_last=True), "pk")[:SHOWN]
    )
    for row in rows:
        row.decline = declines.words(row.decline_code or "")
    return AtRisk(
        members=rows[0].all_members if rows else 0,
        cents=rows[0].all_cents if rows else 0,
        first=rows,
    )


def arrivals(*, now: datetime, at: At = None) -> list[Arrival]:
    """Today's appointments, today being what each location's own clock says, with what the desk should know."""
    near = Visit.objects.filter(starts_at__range=(now - DAY, now + DAY)).exclude(status=Visit.Status.CANCELLED)
    shown = flagged(places.within(near, at, "location"), now=now)
    rows = [one for one in shown if _same_day(one.visit.starts_at, now, one.visit.location.time_zone)]
    # Location by location: clocks of two zones in one list would look out of order.
    return sorted(rows, key=lambda one: (one.visit.location.name, one.visit.starts_at, one.visit.pk))


def _same_day(one: datetime, other: datetime, zone: str) -> bool:
    return clock.local_date(one, zone) == clock.local_date(other, zone)


def automation(*, now: datetime, at: At = None) -> Automation:
    """What went out, was answered, was held back and came in, without anyone at the desk.

    Narrowed as the lists that the numbers open: texts by the patient's home, payments by the membership's location.
    """
    done = Automation()
    groups = (
        places.within(Message.objects.all(), at, "patient__home_location")
        .filter(created_at__gte=now - DAY, direction=Direction.OUT)
        .exclude(kind=Message.Kind.STAFF)
        .order_by()
        .values_list("kind", "status", "reason")
        .annotate(n=Count("pk"))
    )
    for kind, status, reason, count in groups:
        if status in Message.WENT_OUT:
            done.sent += count
            done.answered += count if kind == Message.Kind.REPLY else 0
        done.delivered += count if status == Status.DELIVERED else 0
        done.trouble += count if status in Message.DID_NOT_ARRIVE else 0
        if status == Status.HELD:
            done.held += count
            done.held_because[reason or "No reason noted"] += count
    paid = places.within(recovered_invoices(since=now - DAY), at, "membership__location").aggregate(
        members=Count("membership", distinct=True), cents=Coalesce(Sum("amount_due_cents"), 0)
    )
    done.recovered, done.recovered_cents = paid["members"], paid["cents"]
    done.held_because = dict(sorted(done.held_because.items(), key=lambda pair: -pair[1])[:4])
    return done
