"""The five numbers, and the money behind them: numerator and denominator in SQL, by month, location and plan.

A membership counts where it is held and under the plan it has. A member "of the month" was one at any moment of it.
A month begins on the clock of the practice's first location. Figures are kept as monthly rows; the current month is
computed anew each hour and may still change.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import (
    BigIntegerField,
    Case,
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    IntegerField,
    Max,
    OuterRef,
    Q,
    Subquery,
    When,
)
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Coalesce

from members.counted import CREDIT, INVOICE, MEMBER, VISIT, Counted, Rows
from members.models import (
    CreditEntry,
    Invoice,
    Location,
    Membership,
    MembershipChange,
    MissedVisit,
    PlanVersion,
    Visit,
)

WON_BACK_WITHIN = timedelta(days=183)
_HELD = Q(patient__memberships__started_on__lte=F("starts_at__date")) & (
    Q(patient__memberships__ended_at__isnull=True) | Q(patient__memberships__ended_at__gte=F("starts_at"))
)


@dataclass(frozen=True)
class Window:
    """[start, end) of a month; aware UTC."""

    month: date
    start: datetime
    end: datetime


@dataclass(frozen=True)
class Metric:
    """`kind`: share, days or money. The definition shown under a figure is its function's docstring."""

    name: str
    title: str
    kind: str
    count: Callable[[Window], tuple[Counted, Counted | None]]

    @property
    def definition(self) -> str:
        return " ".join((self.count.__doc__ or "").split())


def utilization(window: Window) -> tuple[Counted, Counted]:
    """Members of the month who completed a visit in it, of all members of the month."""
    members = _members(window)
    visits = Visit.objects.filter(patient=OuterRef("patient"), status="completed", starts_at__gte=window.start)
    came = members.filter(Exists(visits.filter(starts_at__lt=window.end)))
    return Counted(came, MEMBER), Counted(members, MEMBER)


def days_between_visits(window: Window) -> tuple[Counted, Counted]:
    """Days from a member's completed visit of the month back to the completed visit before it: the mean over those
    visits of the month that have one before."""
    before = Visit.objects.filter(patient=OuterRef("patient"), status="completed", starts_at__lt=OuterRef("starts_at"))
    last = before.order_by().values("patient").annotate(at=Max("starts_at")).values("at")
    gap = ExpressionWrapper(F("starts_at") - F("before"), output_field=DurationField())
    visits = Visit.objects.filter(
        _HELD, status="completed", starts_at__gte=window.start, starts_at__lt=window.end
    ).annotate(before=Subquery(last))
    with_one = visits.filter(before__isnull=False)
    return Counted(with_one.annotate(gap=gap), VISIT, F("gap")), Counted(with_one, VISIT)


def payment_failure_rate(window: Window) -> tuple[Counted, Counted]:
    """Invoices issued in the month whose payment failed at least once, of all issued in it for more than nothing."""
    issued = Invoice.objects.filter(
        issued_at__gte=window.start, issued_at__lt=window.end, amount_due_cents__gt=0
    ).exclude(status=Invoice.Status.DRAFT)
    return Counted(issued.filter(first_failed_at__isnull=False), INVOICE), Counted(issued, INVOICE)


def upgrade_rate(window: Window) -> tuple[Counted, Counted]:
    """Members who chose a dearer plan in the month, or whom Stripe moved to a plan of a higher tier, of those who were
    members when it began."""
    changes = MembershipChange.objects.filter(occurred_at__gte=window.start, occurred_at__lt=window.end)
    chose = changes.filter(kind=MembershipChange.Kind.UPGRADED)
    moves = changes.filter(kind=MembershipChange.Kind.PLAN_CHANGED).annotate(
        left=Cast(KT("data__from"), BigIntegerField()), entered=Cast(KT("data__to"), BigIntegerField())
    )
    raised = moves.annotate(was=_tier_of("left"), became=_tier_of("entered")).filter(became__gt=F("was"))
    moved = _at_start(window).filter(Q(pk__in=chose.values("membership")) | Q(pk__in=raised.values("membership")))
    return Counted(moved, MEMBER), Counted(_at_start(window), MEMBER)


def win_back_rate(window: Window) -> tuple[Counted, Counted]:
    """Of the memberships that ended in the 183 days before the month, those whose patient began another in it."""
    ended = Membership.objects.filter(ended_at__gte=window.start - WON_BACK_WITHIN, ended_at__lt=window.start)
    again = Membership.objects.filter(
        patient=OuterRef("patient"), started_on__gte=window.month, started_on__lt=_next_month(window.month)
    ).exclude(pk=OuterRef("pk"))
    return Counted(ended.filter(Exists(again)), MEMBER), Counted(ended, MEMBER)


def monthly_recurring_revenue(window: Window) -> tuple[Counted, None]:
    """Monthly price of every membership that runs at the end of the month; a yearly price counts a twelfth.

    A frozen one counts nothing, or the reduced price that it pays meanwhile.
    """
    monthly = Case(
        When(status=Membership.Status.PAUSED, then=F("plan_version__freeze_price_cents")),
        When(plan_version__interval=PlanVersion.Interval.YEAR, then=F("plan_version__price_cents") / 12),
        default=F("plan_version__price_cents"),
        output_field=BigIntegerField(),
    )
    running = _members(window).filter(Q(ended_at__isnull=True) | Q(ended_at__gte=window.end))
    unpaid = Q(status=Membership.Status.PAUSED, at_reduced_price=False)
    return Counted(running.exclude(unpaid), MEMBER, monthly), None


def revenue_at_risk(window: Window) -> tuple[Counted, None]:
    """What is still owed of invoices issued in the month whose payment failed."""
    owed = Invoice.objects.owed().filter(
        first_failed_at__isnull=False, issued_at__gte=window.start, issued_at__lt=window.end
    )
    return Counted(owed, INVOICE, F("amount_remaining_cents")), None


def revenue_recovered(window: Window) -> tuple[Counted, None]:
    """Invoices whose payment had failed and that were paid in the month."""
    paid = Invoice.objects.filter(first_failed_at__isnull=False, paid_at__gte=window.start, paid_at__lt=window.end)
    return Counted(paid, INVOICE, F("amount_due_cents")), None


def churn(window: Window) -> tuple[Counted, Counted]:
    """Members when the month began whose membership ended in it, of all members when it began."""
    began = _at_start(window)
    return Counted(began.filter(ended_at__lt=window.end), MEMBER), Counted(began, MEMBER)


def credit_liability(window: Window) -> tuple[Counted, None]:
    """Unused credits at the end of the month at the list price of their service, and unspent money of wallets. Credits
    for one of several services have no single price and are left out."""
    price = Case(
        When(unit=CreditEntry.Unit.CENTS, then=1),
        When(lot__isnull=False, then=Coalesce("lot__service__price_cents", 0)),
        default=Coalesce("service__price_cents", 0),
        output_field=BigIntegerField(),
    )
    value = ExpressionWrapper(F("quantity") * price, output_field=BigIntegerField())
    return Counted(CreditEntry.objects.filter(occurred_at__lt=window.end), CREDIT, value), None


def no_show_rate(window: Window) -> tuple[Counted, Counted]:
    """Visits of members in the month that nobody came to, of those that were completed or missed."""
    visits = Visit.objects.filter(_HELD, starts_at__gte=window.start, starts_at__lt=window.end)
    due = visits.filter(status__in=["completed", "no_show"])
    return Counted(due.filter(status="no_show"), VISIT), Counted(due, VISIT)


def late_cancellations(window: Window) -> tuple[Counted, Counted]:
    """Visits of members in the month that were cancelled at the last minute, of all of theirs in it."""
    visits = Visit.objects.filter(_HELD, starts_at__gte=window.start, starts_at__lt=window.end)
    missed = MissedVisit.objects.filter(
        visit=OuterRef("pk"), kind=MissedVisit.Kind.LATE_CANCELLATION, withdrawn_at__isnull=True
    )
    return Counted(visits.filter(Exists(missed)), VISIT), Counted(visits, VISIT)


FIVE = (
    Metric("utilization", "Utilization", "share", utilization),
    Metric("days_between_visits", "Days between visits", "days", days_between_visits),
    Metric("payment_failure_rate", "Payment failure rate", "share", payment_failure_rate),
    Metric("upgrade_rate", "Upgrade rate", "share", upgrade_rate),
    Metric("win_back_rate", "Win-back rate", "share", win_back_rate),
)
MORE = (
    Metric("mrr", "Monthly recurring revenue", "money", monthly_recurring_revenue),
    Metric("at_risk", "Revenue at risk", "money", revenue_at_risk),
    Metric("recovered", "Revenue recovered", "money", revenue_recovered),
    Metric("churn", "Churn", "share", churn),
    Metric("credit_liability", "Credit liability", "money", credit_liability),
    Metric("no_show_rate", "No-shows", "share", no_show_rate),
    Metric("late_cancellations", "Late cancellations", "share", late_cancellations),
)
ALL = FIVE + MORE
BY_NAME = {metric.name: metric for metric in ALL}


def window_of(month: date) -> Window:
    """The month that holds the day `month`, on the practice's clock."""
    there = ZoneInfo(zone())
    begins = month.replace(day=1)
    start, end = (datetime.combine(day, time(), tzinfo=there).astimezone(UTC) for day in (begins, _next_month(begins)))
    return Window(begins, start, end)


def _tier_of(column: str) -> Subquery:
    version = PlanVersion.objects.filter(pk=OuterRef(column))
    return Subquery(version.values("plan__tier"), output_field=IntegerField())


def _members(window: Window) -> Rows:
    """Who was a member at any moment of the month; a membership that never began is none."""
    began = Membership.objects.filter(started_on__lt=_next_month(window.month)).exclude(
        status=Membership.Status.PENDING
    )
    return began.filter(Q(ended_at__isnull=True) | Q(ended_at__gte=window.start))


def _at_start(window: Window) -> Rows:
    return _members(window).filter(started_on__lt=window.month)


def zone() -> str:
    """The practice's clock: that of its first location."""
    first = Location.objects.order_by("pk").first()
    return first.time_zone if first else "UTC"


def _next_month(first: date) -> date:
    return (first.replace(day=28) + timedelta(days=4)).replace(day=1)
