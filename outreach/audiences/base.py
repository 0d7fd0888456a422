"""What every selection of members is made of: one statement, however many members there are."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import (
    BigIntegerField,
    Case,
    CharField,
    Exists,
    F,
    FilteredRelation,
    Func,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Cast, TruncDate
from django.db.models.lookups import Exact

from members.models import ConsentEntry, Hold, Location, Membership
from members.models.memberships import MembershipQuerySet
from outreach.late_facts import BOOKED_AHEAD
from outreach.models import Enrolment, Message, Sequence, Suppression

SMS = Message.Channel.SMS
CHOSEN = ""  # the reason of a member who is not skipped


@dataclass(frozen=True)
class Selection:
    """Members with an expression for each column of a plan's line: sequence (its id), cause, why, signals.

    `why` is a code of `cadence.reasons`; CHOSEN for those to enrol.
    """

    rows: "QuerySet[Membership]"
    sequence: Any
    cause: Any
    why: Any
    signals: Any


@dataclass(frozen=True)
class Moment:
    """The day that a selection is for, where, and what is known when it is made."""

    on: date
    now: datetime
    sequences: Mapping[str, Sequence]
    live: frozenset[str]  # slugs whose automation is switched on

    @property
    def begins(self) -> datetime:
        """From when it looks ahead: now, or the beginning of a day that is to come."""
        return max(self.now, datetime.combine(self.on, time(), tzinfo=UTC))

    def pk(self, slug: str) -> Value:
        return Value(self.sequences[slug].pk, output_field=BigIntegerField())


class Epoch(Func):
    """Seconds since 1970, a whole number, of a moment."""

    output_field = BigIntegerField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template="CAST(strftime('%%%%s', %(expressions)s) AS INTEGER)")

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template="CAST(FLOOR(EXTRACT(EPOCH FROM %(expressions)s)) AS BIGINT)")


def code(value: str) -> Value:
    return Value(value, output_field=CharField())


def local_day(field: str) -> Case:
    """The day of a moment on the clock of the membership's location, as '2026-07-06': what a patient is told."""
    zones = set(Location.objects.values_list("time_zone", flat=True))
    there = (When(location__time_zone=zone, then=_as_text(TruncDate(field, tzinfo=ZoneInfo(zone)))) for zone in zones)
    return Case(*there, default=_as_text(TruncDate(field)), output_field=CharField())


def _as_text(day: TruncDate) -> Cast:
    return Cast(day, CharField())


def skip(condition: Any, why: str) -> When:
    return When(condition, then=code(why))


def whys(*reasons: When) -> Case:
    """The first reason that is true, else CHOSEN."""
    return Case(*reasons, default=code(CHOSEN), output_field=CharField())


def booked_ahead(moment: Moment) -> Q:
    """settled.md 15: something is booked from then to 30 days on."""
    return Q(next_appointment_at__gt=moment.begins, next_appointment_at__lte=moment.begins + BOOKED_AHEAD)


def enrolled(cause: Any, sequences: Any) -> Exists:
    """Whether the member was enrolled for this cause before; `cause` as in the selection's rows ("cause")."""
    return Exists(
        Enrolment.objects.filter(membership=OuterRef("pk"), sequence__in=sequences, cause=OuterRef(cause)).order_by()
    )


def with_phone(rows: MembershipQuerySet) -> MembershipQuerySet:
    """With `phone`, the patient's primary number, by a join."""
    own_phone = FilteredRelation("patient__phones", condition=Q(patient__phones__is_primary=True))
    return rows.annotate(own_phone=own_phone).annotate(phone=F("own_phone__number"))


def unreachable(on: date, *, purpose: str = ConsentEntry.Purpose.MARKETING) -> tuple[When, ...]:
    """Why a member may not be texted at all, for rows `with_phone`. The gate asks again at each send; here it is for
    the list, and so that nobody is enrolled in vain."""
    said = ConsentEntry.objects.filter(channel=SMS, address=OuterRef("phone"))
    last_word = Subquery(said.exclude(act=ConsentEntry.Act.OPT_IN).order_by("-pk").values("act")[:1])
    agreed = said.filter(act=ConsentEntry.Act.OPT_IN, purpose=purpose, patient=OuterRef("patient"))
    held = Hold.objects.filter(phone=OuterRef("phone"), released_at__isnull=True)
    unusable = Suppression.objects.filter(address=OuterRef("phone"), channel=SMS, lifted_at__isnull=True)
    return (
        skip(Q(patient__birth_date__gt=_eighteen_years_before(on)), "minor"),
        skip(Q(phone__isnull=True), "no_phone"),
        skip(Q(Exists(said.filter(act=ConsentEntry.Act.OPT_OUT))) & Q(_equals(last_word, "opt_out")), "opted_out"),
        skip(~Exists(agreed), "no_consent"),
        skip(Exists(unusable), "suppressed"),
        *(skip(Exists(held.filter(kind=kind)), kind) for kind in Hold.Kind.values),
    )


def _equals(expression: Any, value: str) -> Any:
    return Exact(expression, value)


def _eighteen_years_before(on: date) -> date:
    return on.replace(year=on.year - 18, day=min(on.day, 28) if on.month == 2 else on.day)
