"""Every day: what must be said before money moves, and what is worth saying on the day itself."""

from datetime import timedelta
from typing import Any

from django.db.models import (
    BigIntegerField,
    Case,
    CharField,
    DateField,
    Exists,
    F,
    IntegerField,
    OuterRef,
    Q,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Cast, Concat, JSONObject

from members import price_changes
from members.models import Membership, MissedVisit, PlanVersion, PriceChange, PriceMove, Visit
from outreach.audiences.base import Moment, Selection, code, enrolled, local_day, skip, unreachable, whys, with_phone
from outreach.models import Sequence

Slug = Sequence.Slug
_BEFORE_A_LONG_TERM = timedelta(days=20)  # R98
_BEFORE_A_PAYMENT = timedelta(days=4)  # three whole days, whatever the hour of the round
# R99: seven days before a pause ends. One more, so that it is seven whole ones whatever the hour of the round.
_BEFORE_A_PAUSE_ENDS = timedelta(days=8)
_YEARS = range(1, 21)
_SAME_DAY = timedelta(hours=12)


def select_long_terms(moment: Moment) -> Selection:
    """Terms of a year that renew within twenty days (R98)."""
    rows = Membership.objects.filter(
        status=Membership.Status.ACTIVE,
        plan_version__interval=PlanVersion.Interval.YEAR,
        current_period_end__gt=moment.begins,
        current_period_end__lte=moment.begins + _BEFORE_A_LONG_TERM,
    )
    day = local_day("current_period_end")
    rows = rows.annotate(cause=Concat(Value("renewal:"), day))
    return _selection(moment, rows, Slug.RENEWAL, signals=JSONObject(renews_on=day))


def select_yearly(moment: Moment) -> Selection:
    """Days 335 to 365 of each year of membership (R97)."""
    whens, near = [], Q()
    for year in _YEARS:
        days = Q(
            started_on__gt=moment.on - timedelta(days=365 * year),
            started_on__lte=moment.on - timedelta(days=365 * year - 30),
        )
        whens.append(When(days, then=code(f"yearly:{year}")))
        near |= days
    rows = Membership.objects.current().filter(near).annotate(cause=Case(*whens, default=code("yearly")))
    return _selection(moment, rows, Slug.YEARLY, signals=JSONObject(year=moment.on.year))


def select_wished(moment: Moment) -> Selection:
    """Payments of the next days, for patients who want to hear of each; a yearly one is told of anyway."""
    rows = Membership.objects.filter(
        status=Membership.Status.ACTIVE,
        plan_version__interval=PlanVersion.Interval.MONTH,
        patient__wants_renewal_notice=True,
        current_period_end__gt=moment.begins,
        current_period_end__lte=moment.begins + _BEFORE_A_PAYMENT,
    )
    day = local_day("current_period_end")
    rows = rows.annotate(cause=Concat(Value("renewal:"), day))
    return _selection(moment, rows, Slug.RENEWAL, signals=JSONObject(renews_on=day))


def select_price_changes(moment: Moment) -> Selection:
    """Whose next payment is to be the first at an announced price, some days before it: once for each payment (R96).

    Who pauses, owes or leaves is told when they pay again; they keep their price until then. The day that is told is
    the member's own, as the law counts from it, and so many days ahead that a notice may still be lawful tomorrow.
    """
    rule = price_changes.notice()
    announced = PriceChange.objects.filter(
        withdrawn_at__isnull=True,
        version__plan=OuterRef("plan"),
        version__interval=OuterRef("plan_version__interval"),
        version__number__gt=OuterRef("plan_version__number"),
        effective_on__lte=Cast(OuterRef("first_day"), DateField()),
    )
    first = announced.order_by("-effective_on", "-pk")
    rows = Membership.objects.filter(
        status=Membership.Status.ACTIVE,
        next_plan_version__isnull=True,
        current_period_end__gt=moment.begins + timedelta(days=rule.at_least + 1),
        current_period_end__lte=moment.begins + timedelta(days=rule.told),
    )
    dated = rows.annotate(first_day=local_day("current_period_end"))
    priced: Any = dated.annotate(  # the type checker's plugin does not know these columns
        change=Subquery(first.values("pk")[:1], output_field=BigIntegerField()),
        new_price=Subquery(first.values("version__price_cents")[:1], output_field=IntegerField()),
    )
    known = PriceMove.objects.filter(membership=OuterRef("pk"), change=OuterRef("change"))
    due = priced.filter(~Exists(known.exclude(state=PriceMove.State.MISSED)), change__isnull=False)
    due = due.exclude(new_price=F("plan_version__price_cents"))
    due = due.annotate(cause=Concat(Value("price:"), Cast("change", CharField()), Value(":"), F("first_day")))
    signals = JSONObject(change=F("change"), changes_on=F("first_day"), new_price_cents=F("new_price"))
    return _selection(moment, due, Slug.PRICE_CHANGE, signals=signals)


def select_pauses(moment: Moment) -> Selection:
    """Pauses that end within a week, each once: what is charged again from when (R99)."""
    rows = Membership.objects.filter(
        status=Membership.Status.PAUSED,
        paused_until__gt=moment.begins,
        paused_until__lte=moment.begins + _BEFORE_A_PAUSE_ENDS,
    )
    day = local_day("paused_until")
    rows = rows.annotate(cause=Concat(Value("pause:"), day))
    return _selection(moment, rows, Slug.PAUSE_ENDING, signals=JSONObject(resume_on=day))


def select_missed(moment: Moment) -> Selection:
    """Members who did not come, or called it off late, within half a day; not those who booked anew."""
    since = moment.begins - _SAME_DAY
    missed = Visit.objects.filter(patient=OuterRef("patient")).filter(
        Q(status=Visit.Status.NO_SHOW, starts_at__gt=since, starts_at__lte=moment.begins)
        | Q(
            status=Visit.Status.CANCELLED,
            missed__kind=MissedVisit.Kind.LATE_CANCELLATION,
            missed__withdrawn_at__isnull=True,
            missed__occurred_at__gt=since,
            missed__occurred_at__lte=moment.begins,
        )
    )
    last = Subquery(missed.order_by("-starts_at").values("pk")[:1])
    rows = with_phone(Membership.objects.filter(status=Membership.Status.ACTIVE)).annotate(missed=last)
    rows = rows.filter(missed__isnull=False).annotate(cause=Concat(Value("missed:"), Cast("missed", CharField())))
    booked = skip(Q(next_appointment_at__gt=moment.begins), "booked")
    return _selection(
        moment, rows, Slug.MISSED_VISIT, booked, *unreachable(moment.on), signals=JSONObject(visit=F("missed"))
    )


def _selection(moment: Moment, rows: Any, slug: str, *reasons: Any, signals: Any) -> Selection:
    return Selection(
        rows=rows,
        sequence=Case(default=moment.pk(slug), output_field=BigIntegerField()),
        cause=F("cause"),
        why=whys(
            *(() if slug in moment.live else (skip(Q(pk__isnull=False), "switched_off"),)),
            skip(enrolled("cause", [moment.sequences[slug].pk]), "enrolled"),
            *reasons,
        ),
        signals=signals,
    )
