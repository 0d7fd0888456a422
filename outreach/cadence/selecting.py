"""From a query to rows in one statement: the ORM's query, compiled into INSERT ... SELECT ."""

from datetime import datetime
from typing import Any

from django.db import connection, models
from django.db.models import BooleanField, Case, CharField, DateTimeField, QuerySet, Subquery, Value, When
from django.db.models.functions import MD5, Cast, Concat, Substr
from django.db.models.lookups import LessThan

from outreach.audiences import CHOSEN, Moment, Selection
from outreach.models import CadencePlan, Enrolment, PlanLine, SequenceVersion

_SIXTEEN_BITS = 0x10000


def write_lines(plan: CadencePlan, selection: Selection, moment: Moment) -> int:
    """The lines of one selection. Returns how many.

    Its expressions are worked out once a member, in a part of the statement that the database keeps; the ORM would
    write out the reason again in each column that depends on it.
    """
    rows = selection.rows.annotate(line_why=selection.why, line_sequence=selection.sequence)
    rows = rows.annotate(
        line_plan=Value(plan.pk, output_field=models.BigIntegerField()),
        line_cause=selection.cause,
        line_lot=_drawn(moment),
        line_signals=selection.signals,
    )
    columns = {
        "plan": "line_plan",
        "membership": "pk",
        "sequence": "line_sequence",
        "cause": "line_cause",
        "why": "line_why",
        "held_out": "line_lot",
        "signals": "line_signals",
    }
    only_chosen = {"held_out": "why = '' AND held_out", "signals": "CASE WHEN why = '' THEN signals ELSE '{}' END"}
    return _insert(PlanLine, columns, rows.order_by(), kept=only_chosen)


def enrol_lines(plan: CadencePlan, sequence_id: int, *, held_out: bool, now: datetime) -> int:
    """Enrolments for the plan's chosen lines of one sequence; one that is there for the cause stays as it is.

    `held_out`: whoever was drawn for the comparison, or all others; the drawn get a row that has ended already. Returns
    how many were made; to count them afterwards would be asked of a table whose statistics know nothing of them yet.
    """
    moment = Value(now, output_field=DateTimeField())
    live = SequenceVersion.objects.filter(sequence=sequence_id, approved_at__isnull=False).order_by("-number")
    never = Value(None, output_field=DateTimeField())
    lines = PlanLine.objects.filter(plan=plan, sequence=sequence_id, why=CHOSEN, held_out=held_out).annotate(
        new_version=Subquery(live.values("pk")[:1]),
        new_status=_text(Enrolment.Status.ENDED if held_out else Enrolment.Status.RUNNING),
        new_next_at=never if held_out else moment,
        new_ended_at=moment if held_out else never,
        new_because=_text("held out" if held_out else ""),
        new_started=moment,
        new_step=Value(0, output_field=models.IntegerField()),
    )
    columns = {
        "sequence": "sequence",
        "version": "new_version",
        "membership": "membership",
        "cause": "cause",
        "status": "new_status",
        "signals": "signals",
        "held_out": "held_out",
        "started_at": "new_started",
        "next_step": "new_step",
        "next_at": "new_next_at",
        "ended_at": "new_ended_at",
        "ended_because": "new_because",
    }
    return _insert(Enrolment, columns, lines.order_by(), conflicts="ON CONFLICT DO NOTHING")  # one_enrolment_a_cause


def _threshold(percent: int) -> str:
    """Four digits to compare as text; all are below a letter that is no digit."""
    return "g" if percent >= 100 else f"{_SIXTEEN_BITS * percent // 100:04x}"


def _drawn(moment: Moment) -> Case:
    """Whether each would be left out to compare with: by lot, the same all year, for each sequence by itself."""
    cases = []
    for slug, sequence in moment.sequences.items():
        if sequence.holdout_percent:
            lot = MD5(Concat(Value(f"{slug}:{moment.on.year}:"), Cast("pk", CharField())))
            below = LessThan(Substr(lot, 1, 4), Value(_threshold(sequence.holdout_percent)))
            cases.append(When(models.Q(below, line_sequence=sequence.pk), then=Value(True)))
    return Case(*cases, default=Value(False), output_field=BooleanField())


def _column(model: type[models.Model], name: str) -> str:
    return str(model._meta.get_field(name).column)  # type: ignore[union-attr]  # a field of its own, no relation to it


def _text(value: str) -> Value:
    return Value(value, output_field=CharField())


def _insert(
    model: type[models.Model],
    columns: dict[str, str],
    rows: "QuerySet[Any]",
    conflicts: str = "",
    kept: dict[str, str] | None = None,
) -> int:
    """`columns`: field -> annotation of `rows`. `kept`: field -> SQL, where what was found is not what is written."""
    quote = connection.ops.quote_name
    names = ", ".join(quote(_column(model, name)) for name in columns)
    select, params = rows.values_list(*columns.values()).query.sql_with_params()
    if kept:
        found = ", ".join(columns)
        shown = ", ".join(kept.get(name, name) for name in columns)
        select = f"WITH found ({found}) AS MATERIALIZED ({select}) SELECT {shown} FROM found"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {quote(model._meta.db_table)} ({names}) {select} {conflicts}", params)
        return int(cursor.rowcount)
