"""A month's figures over N members, counted and read, against one grouped pass over each table they are made of."""

from datetime import timedelta

from django.db import connection
from django.test import Client
from django.urls import reverse

from bench import databases, synthetic
from bench.harness import Result, medians, percentile, plain_files, seconds
from common import clock
from members import metric_snapshots, standings
from members.models import StaffUser

NAME = "metrics"
_READS = 20
_TABLES = {
    "members_membership": "m",
    "members_visit": "JOIN members_membership m ON m.patient_id = x.patient_id",
    "members_invoice": "JOIN members_membership m ON m.id = x.membership_id",
    "members_creditentry": "JOIN members_membership m ON m.id = x.membership_id",
}


def measure(members: int, runs: int) -> list[Result]:
    now = clock.now()
    synthetic.chain(members, now=now)
    databases.settle()
    month = (now.replace(day=1) - timedelta(days=1)).date()  # the last whole one
    rows = metric_snapshots.recompute(month=month, now=now)
    took, floor, compared = medians(
        runs,
        lambda run: (
            seconds(lambda: metric_snapshots.recompute(month=month, now=now)),
            seconds(_passes),
            seconds(lambda: standings.drifts(now=now)),
        ),
    )
    wrong = len(standings.drifts(now=now))
    with plain_files():
        read = _page()
    return [
        Result(f"{NAME}: count a month", took, "s", floor, took / floor, "< 60 s an hour", took < 60, {"rows": rows}),
        Result(f"{NAME}: read the page", read, "ms p95", goal="< 80 ms", met=read < 80),
        Result("standings: compare", compared, "s", goal="0 differ", met=wrong == 0, details={"differ": wrong}),
    ]


def _passes() -> None:
    with connection.cursor() as cursor:
        for table, join in _TABLES.items():
            source = f"{table} m" if join == "m" else f"{table} x {join}"
            cursor.execute(f"SELECT m.location_id, m.plan_id, count(*) FROM {source} GROUP BY 1, 2")  # noqa: S608
            cursor.fetchall()


def _page() -> float:
    client = Client(SERVER_NAME="localhost")
    client.force_login(StaffUser.objects.get(email="owner@example.com"))
    path = reverse("members:metrics")
    if client.get(path).status_code != 200:
        raise RuntimeError("the page of the figures does not open")
    return percentile((1000 * seconds(lambda: client.get(path)) for _ in range(_READS)), 95)
