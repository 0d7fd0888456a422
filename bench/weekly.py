"""Monday's round over N members: plan and enrol, against one raw INSERT … SELECT of the very rows that it wrote.

The floor writes into copies of the two tables with all their indexes, checks and foreign keys, and commits. What is
over the floor is the selection. Rendering and gate are the outbox's.
"""

import resource
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from bench import databases, synthetic
from bench.harness import Result, medians, seconds
from common import clock
from members import standings
from outreach import cadence
from outreach.models import CadencePlan, Enrolment, PlanLine

NAME = "cadence"
_WRITTEN = (PlanLine._meta.db_table, Enrolment._meta.db_table)


def measure(members: int, runs: int) -> list[Result]:
    now = clock.now()
    synthetic.chain(members, now=now)
    databases.settle()
    _make_floor()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    took, floor, lines, enrolled = medians(runs, lambda run: _once(now + timedelta(seconds=run)))
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    ratio, differ = took / floor, len(standings.drifts(now=now))
    details = {
        "lines": int(lines), "enrolled": int(enrolled), "indexes": _indexes(), "memory_grown_mb": round(grown, 1),
        "standings_that_differ": differ,
    }  # fmt: skip
    return [Result(NAME, took, "s", floor, ratio, "<= 1.5 x, never above 3", ratio <= 1.5, details)]


def _once(now: datetime) -> tuple[float, float, int, int]:
    """Seconds of the product and of the floor; lines; enrolments. Raises RuntimeError when nobody is enrolled."""
    before = Enrolment.objects.count()
    made: list[Any] = []
    took = seconds(lambda: made.append(_round(now)))
    plan: CadencePlan = made[0]
    lines, enrolled = plan.lines.count(), Enrolment.objects.count() - before
    if not enrolled:
        raise RuntimeError("Monday's round enrolled nobody: is the practice live, are nudges on?")
    floor = seconds(lambda: _write_same(plan.pk, now))
    _undo(plan, now)
    return took, floor, lines, enrolled


def _round(now: datetime) -> CadencePlan:
    planned = cadence.plan("monday", on=now.date(), now=now)
    cadence.run(planned, actor="system", now=now)
    return planned.row


def _make_floor() -> None:
    with connection.cursor() as cursor:
        for table in _WRITTEN:
            cursor.execute(f"CREATE TABLE bench_{table} (LIKE {table} INCLUDING ALL)")
            cursor.execute(
                "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'f' AND conrelid = %s::regclass",
                [table],
            )
            for (definition,) in cursor.fetchall():
                cursor.execute(f"ALTER TABLE bench_{table} ADD {definition}")


def _indexes() -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename, count(*) FROM pg_indexes WHERE tablename = ANY(%s) GROUP BY 1", [[*_WRITTEN]])
        return dict(cursor.fetchall())


def _write_same(plan_pk: int, now: datetime) -> None:
    lines, enrolments = _WRITTEN
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO bench_{lines} SELECT * FROM {lines} WHERE plan_id = %s", [plan_pk])  # noqa: S608
        cursor.execute(
            f"INSERT INTO bench_{enrolments} SELECT * FROM {enrolments} WHERE started_at = %s "  # noqa: S608
            "ON CONFLICT DO NOTHING",
            [now],
        )


def _undo(plan: CadencePlan, now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(f'bench_{table}' for table in _WRITTEN)}")
    Enrolment.objects.filter(started_at=now).delete()
    plan.delete()
    databases.settle(*_WRITTEN)
