"""How the open payments stand: what is owed and why, what was said about it, and what comes next."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, IntegerField, OuterRef, Q, Subquery, Sum, Value
from django.db.models.functions import Concat

from common import clock
from members import places
from members.models import Dispute, Invoice, Membership
from members.models.billing import InvoiceQuerySet
from outreach.models import Enrolment, Sequence, Step


@dataclass(frozen=True)
class Figures:
    open_count: int
    open_cents: int
    open_resting: int  # of the open ones, those of members who are not past due: paused, ended, or paying again
    recovered_count: int
    recovered_cents: int
    disputes: int


def figures(*, now: datetime, zone: str, at: Collection[int] | None = None) -> Figures:
    """Open now: invoices that failed, also of members who were paused or left since. Recovered: invoices that had
    failed and were paid this calendar month.

    `at`: of members of these locations only.
    """
    failed = places.within(Invoice.objects.filter(first_failed_at__isnull=False), at, "membership__location")
    recovered_now = _recovered_since(now, zone)
    totals = failed.aggregate(
        open_count=Count("pk", filter=_OWED),
        open_cents=Sum("amount_remaining_cents", filter=_OWED, default=0),
        open_resting=Count("pk", filter=_OWED & ~Q(membership__status=Membership.Status.PAST_DUE)),
        recovered_count=Count("pk", filter=recovered_now),
        recovered_cents=Sum("amount_due_cents", filter=recovered_now, default=0),
    )
    disputes = places.within(Dispute.objects.filter(closed_at__isnull=True), at, "membership__location")
    return Figures(disputes=disputes.count(), **totals)


def recovered(*, now: datetime, zone: str) -> InvoiceQuerySet:
    """The invoices that `figures` counts as recovered."""
    failed = Invoice.objects.filter(_recovered_since(now, zone), first_failed_at__isnull=False)
    return failed.select_related("membership__patient", "membership__location", "membership__plan")


def owed() -> InvoiceQuerySet:
    """Open invoices that failed, each with `next_at`, `next_position` and `steps` of its running recovery, if any."""
    cause = Concat(Value("invoice:"), OuterRef("stripe_id"))
    running = Enrolment.objects.filter(
        Q(cause=cause) | Q(cause__startswith=Concat(cause, Value(":"))),
        sequence__slug=Sequence.Slug.PAYMENT_RECOVERY,
        membership=OuterRef("membership"),
        status=Enrolment.Status.RUNNING,
    ).order_by("-pk")
    steps = Step.objects.filter(version=OuterRef("version")).order_by().values("version").annotate(n=Count("pk"))
    return (
        Invoice.objects.owed()
        .filter(first_failed_at__isnull=False)
        .select_related("membership__patient", "membership__location", "membership__plan")
        .annotate(
            next_at=Subquery(running.values("next_at")[:1]),
            next_position=Subquery(running.values("next_step")[:1]),
            steps=Subquery(
                running.annotate(n=Subquery(steps.values("n")[:1], output_field=IntegerField())).values("n")[:1]
            ),
        )
    )


def _recovered_since(now: datetime, zone: str) -> Q:
    """Paid since the month began on the wall clock of the zone."""
    first = clock.local_date(now, zone).replace(day=1)
    return Q(status=Invoice.Status.PAID, paid_at__gte=clock.midnight(first, zone))


_OWED = Q(status=Invoice.Status.OPEN, amount_remaining_cents__gt=0)
