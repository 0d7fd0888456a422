"""Each figure in SQL against a slow, obviously right computation in Python, on small random worlds."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from common import clock
from members import membership_changes, metric_snapshots, metrics
from members.models import (
    AuditEntry,
    CreditEntry,
    Invoice,
    Membership,
    MembershipChange,
    MetricSnapshot,
    MissedVisit,
    Patient,
    Visit,
)
from tests import factories

Kind = MembershipChange.Kind
MONTH, NEXT = date(2026, 6, 1), date(2026, 7, 1)
NOW = datetime(2026, 7, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)
# Days from 1 June, at noon UTC: inside, before and after the month, never on its edge.
days = st.integers(-70, 45).map(lambda day: datetime(2026, 6, 1, 12, tzinfo=UTC) + day * DAY)
people = st.lists(
    st.fixed_dictionaries(
        {
            "plan": st.sampled_from(["Glow", "Luxe"]),
            "started": st.integers(-200, 40),
            "lasted": st.none() | st.integers(1, 200),
            "visits": st.lists(st.tuples(days, st.sampled_from(["completed", "no_show", "cancelled"])), max_size=4),
            "invoices": st.lists(st.tuples(days, st.booleans(), st.none() | st.integers(0, 10)), max_size=3),
            "upgraded": st.none() | days,
            "again": st.none() | st.integers(1, 60),
        }
    ),
    max_size=4,
)


def build(world) -> None:
    low, high = factories.make_plan("Glow", tier=1), factories.make_plan("Luxe", tier=2)
    for number, one in enumerate(world):
        patient = factories.make_patient(f"P{number}", phone="")
        started = MONTH + one["started"] * DAY
        ended = None
        if one["lasted"]:
            ended = datetime.combine(started, datetime.min.time(), tzinfo=UTC) + one["lasted"] * DAY + DAY / 2
        membership = factories.make_membership(
            patient, consent=False, plan=low if one["plan"] == "Glow" else high, started_on=started, ended_at=ended,
            status="cancelled" if ended else "active",
        )  # fmt: skip
        if ended and one["again"]:
            factories.make_membership(patient, consent=False, started_on=ended.date() + one["again"] * DAY)
        for order, (at, status) in enumerate(one["visits"]):
            at += order * timedelta(minutes=7)
            Visit.objects.create(
                patient=patient, service=factories.make_service(), location=patient.home_location, starts_at=at,
                ends_at=at + DAY / 24, status=status,
            )  # fmt: skip
        for order, (issued, failed, paid_after) in enumerate(one["invoices"]):
            Invoice.objects.create(
                membership=membership, stripe_id=f"in_{number}_{order}", currency="usd", amount_due_cents=10000 + order,
                status="open" if paid_after is None else "paid", issued_at=issued,
                amount_remaining_cents=10000 + order if paid_after is None else 0,
                first_failed_at=issued if failed else None,
                paid_at=None if paid_after is None else issued + paid_after * DAY,
            )  # fmt: skip
        if one["upgraded"]:
            move(membership, low, high, at=one["upgraded"])
            move(membership, high, low, at=one["upgraded"])


def move(membership, old, new, *, at) -> None:
    """Stripe charges the price of another plan."""
    data = {"from": old.versions.get().pk, "to": new.versions.get().pk}
    key = f"plan:{membership.pk}:{old.pk}:{new.pk}"
    membership_changes.note(Kind.PLAN_CHANGED, membership=membership, key=key, now=at, data=data)


def in_month(at) -> bool:
    window = metrics.window_of(MONTH)
    return at is not None and window.start <= at < window.end


def slowly() -> dict[str, tuple[int, int]]:
    """The same figures, one member at a time."""
    window = metrics.window_of(MONTH)
    members = [
        each for each in Membership.objects.all()
        if each.started_on < NEXT and (each.ended_at is None or each.ended_at >= window.start)
    ]  # fmt: skip
    began = [each for each in members if each.started_on < MONTH]
    said = dict.fromkeys((metric.name for metric in metrics.ALL), (0, 0))

    def done(patient) -> list[datetime]:
        return sorted(visit.starts_at for visit in patient.visits.all() if visit.status == "completed")

    said["utilization"] = (sum(any(map(in_month, done(each.patient))) for each in members), len(members))
    gaps = []
    for each in Membership.objects.all():
        dates = done(each.patient)
        for before, at in pairwise(dates):
            if in_month(at) and each.started_on <= at.date() and (each.ended_at is None or each.ended_at >= at):
                gaps.append(int((at - before).total_seconds()))
    said["days_between_visits"] = (sum(gaps), len(gaps))
    issued = [each for each in Invoice.objects.all() if in_month(each.issued_at)]
    said["payment_failure_rate"] = (sum(each.first_failed_at is not None for each in issued), len(issued))
    said["at_risk"] = (sum(i.amount_remaining_cents for i in issued if i.first_failed_at and i.status == "open"), 0)
    paid = [each for each in Invoice.objects.all() if each.first_failed_at and in_month(each.paid_at)]
    said["recovered"] = (sum(each.amount_due_cents for each in paid), 0)
    changed = {row.membership_id for row in MembershipChange.objects.all() if in_month(row.occurred_at)}
    said["upgrade_rate"] = (sum(each.pk in changed for each in began), len(began))
    said["churn"] = (sum(each.ended_at is not None and each.ended_at < window.end for each in began), len(began))
    running = [each for each in members if each.ended_at is None or each.ended_at >= window.end]
    said["mrr"] = (sum(each.plan_version.price_cents for each in running), 0)
    ended = [
        each for each in Membership.objects.all()
        if each.ended_at and window.start - metrics.WON_BACK_WITHIN <= each.ended_at < window.start
    ]  # fmt: skip
    back = [
        each for each in ended
        if any(MONTH <= o.started_on < NEXT for o in each.patient.memberships.exclude(pk=each.pk))
    ]  # fmt: skip
    said["win_back_rate"] = (len(back), len(ended))
    return said


def quickly() -> dict[str, tuple[int, int]]:
    metric_snapshots.recompute(month=MONTH, now=NOW)
    said = dict.fromkeys((metric.name for metric in metrics.ALL), (0, 0))
    for row in MetricSnapshot.objects.all():
        above, below = said[row.name]
        said[row.name] = (above + row.numerator, below + row.denominator)
    return said


def worth(rows) -> int:
    """What the opened rows add up to: their number, their cents or their seconds."""
    values = [row["worth"] for row in rows]
    if not any(value is not None for value in values):
        return len(values)
    return sum(int(value.total_seconds()) if isinstance(value, timedelta) else int(value) for value in values)


def opened() -> dict[str, tuple[int, int]]:
    """The same figures, added up from the rows that the page opens, place by place and plan by plan."""
    said = {}
    for metric in metrics.ALL:
        above, below = metric.count(metrics.window_of(MONTH))
        places = list(Membership.objects.order_by().values_list("location", "plan").distinct())
        parts = [
            sum(worth(part.opened(location=location, plan=plan)) for location, plan in places) if part else 0
            for part in (above, below)
        ]
        said[metric.name] = (parts[0], parts[1])
    return said


class SqlSaysWhatPythonSays(TestCase):
    @settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(people)
    def test_in_every_small_world(self, world) -> None:
        build(world)

        quick, slow = quickly(), slowly()

        for name in (
            "utilization", "days_between_visits", "payment_failure_rate", "win_back_rate", "mrr", "at_risk",
            "recovered", "churn", "upgrade_rate",
        ):  # fmt: skip
            assert quick[name] == slow[name], name
        assert opened() == quick


@pytest.mark.django_db
def test_an_upgrade_is_a_move_to_a_higher_tier():
    low, high = factories.make_plan("Glow", tier=1), factories.make_plan("Luxe", tier=2)
    up, down, late = (factories.make_membership() for _ in range(3))
    for member, old, new, at in (
        (up, low, high, NOW - 10 * DAY),
        (down, high, low, NOW - 10 * DAY),
        (late, low, high, NOW),
    ):
        move(member, old, new, at=at)

    assert quickly()["upgrade_rate"] == (1, 3)


@pytest.mark.django_db
def test_a_dearer_plan_that_somebody_chose_is_an_upgrade():
    member = factories.make_membership()
    membership_changes.note(Kind.UPGRADED, membership=member, key="quote:1", now=NOW - 10 * DAY)

    assert quickly()["upgrade_rate"] == (1, 1)


@pytest.mark.django_db
def test_who_does_not_come_and_who_cancels_late_is_counted_of_the_visits_of_the_month():
    patient = factories.make_membership().patient
    kinds = {"completed": "", "no_show": "no_show", "cancelled": "late"}
    for order, (status, missed) in enumerate(kinds.items()):
        at = NOW - (10 + order) * DAY
        visit = Visit.objects.create(
            patient=patient, service=factories.make_service(), location=patient.home_location, starts_at=at,
            ends_at=at + DAY / 24, status=status,
        )  # fmt: skip
        if missed == "late":
            late = MissedVisit.Kind.LATE_CANCELLATION
            MissedVisit.objects.create(visit=visit, kind=late, occurred_at=at)

    said = quickly()

    assert said["no_show_rate"] == (1, 2)
    assert said["late_cancellations"] == (1, 3)


@pytest.mark.django_db
def test_the_liability_is_what_unused_credits_would_cost():
    member = factories.make_membership()
    lot = CreditEntry.objects.create(
        membership=member, service=factories.make_service(), kind="grant", quantity=3, left=3, key="g",
        occurred_at=NOW - 20 * DAY, actor="stripe", reason="Paid period",
    )  # fmt: skip
    CreditEntry.objects.create(
        membership=member, service=factories.make_service("Chemical Peel", price_cents=1), kind="spend", quantity=-1,
        left=2, number=1, lot=lot, key="s", occurred_at=NOW - 10 * DAY, actor="system", reason="Visit",
    )  # fmt: skip

    assert quickly()["credit_liability"] == (2 * 18900, 0)


@pytest.mark.django_db
def test_the_hourly_round_counts_this_month_and_fills_the_year_behind_it():
    factories.make_membership(started_on=date(2025, 1, 1))

    for _ in range(7):
        metric_snapshots.refresh(now=NOW)

    months = sorted(set(MetricSnapshot.objects.values_list("month", flat=True)))
    assert (months[0], months[-1], len(months)) == (date(2025, 7, 1), date(2026, 7, 1), 13)


@pytest.mark.django_db
def test_a_month_computed_again_replaces_itself():
    factories.make_membership()

    first, second = quickly(), quickly()

    assert first == second
    assert MetricSnapshot.objects.filter(name="utilization").count() == 1


@pytest.mark.django_db
def test_the_page_shows_each_figure_with_its_definition_and_a_csv(client, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)
    member = factories.make_membership()
    Visit.objects.create(
        patient=member.patient, service=factories.make_service(), location=member.location,
        starts_at=NOW - 10 * DAY, ends_at=NOW - 10 * DAY + DAY / 24, status="completed",
    )  # fmt: skip
    factories.make_membership()
    metric_snapshots.recompute(month=MONTH, now=NOW)
    client.force_login(factories.make_staff(role="manager"))

    page = client.get(reverse("members:metrics", query={"month": "2026-06"})).content.decode()
    csv = client.get(reverse("members:metrics_csv")).content.decode("utf-8-sig")

    assert "50.0 %" in page
    assert "Members of the month who completed a visit in it" in page
    assert "2026-06,Austin,Glow,utilization,1,2" in csv.splitlines()
    assert Patient.objects.count() == 2
    assert 'data-value="50.00"' in page  # what the chart is drawn from


def a_month_of_three(client) -> tuple[Membership, Membership]:
    """Two members and an invoice of each that failed; one of them came. A manager looks."""
    came, stayed_away = factories.make_membership(), factories.make_membership()
    Visit.objects.create(
        patient=came.patient, service=factories.make_service(), location=came.location,
        starts_at=NOW - 10 * DAY, ends_at=NOW - 10 * DAY + DAY / 24, status="completed",
    )  # fmt: skip
    for member in (came, stayed_away):
        Invoice.objects.create(
            membership=member, stripe_id=f"in_{member.pk}", currency="usd", amount_due_cents=19900, status="open",
            issued_at=NOW - 12 * DAY, amount_remaining_cents=19900, first_failed_at=NOW - 12 * DAY,
        )  # fmt: skip
    metric_snapshots.recompute(month=MONTH, now=NOW)
    client.force_login(factories.make_staff(role="manager"))
    return came, stayed_away


@pytest.mark.django_db
def test_each_number_opens_the_rows_it_counts_and_the_rows_it_is_a_part_of(client):
    came, stayed_away = a_month_of_three(client)
    rows = reverse("members:metric_rows", args=["utilization"])

    counted = client.get(rows, {"month": "2026-06"}).content.decode()
    all_of_them = client.get(rows, {"month": "2026-06", "part": "all"}).content.decode()

    links = [reverse("members:detail", args=[one.patient_id]) for one in (came, stayed_away)]
    assert [link in counted for link in links] == [True, False]
    assert [link in all_of_them for link in links] == [True, True]
    assert "1 of 2" in counted


@pytest.mark.django_db
def test_every_figure_that_was_counted_opens_from_the_page(client):
    a_month_of_three(client)
    counted = set(MetricSnapshot.objects.values_list("name", flat=True))
    page = client.get(reverse("members:metrics"), {"month": "2026-06"}).content.decode()

    paths = {metric.name: reverse("members:metric_rows", args=[metric.name]) for metric in metrics.ALL}

    assert {name for name, path in paths.items() if path in page} == counted > {"utilization", "mrr", "at_risk"}
    assert {client.get(path, {"month": "2026-06"}).status_code for path in paths.values()} == {200}


@pytest.mark.django_db
def test_rows_of_another_location_or_an_unknown_figure_are_not_shown(client):
    came, _ = a_month_of_three(client)
    elsewhere = factories.make_location(name="Dallas", external_id="dallas")
    rows = reverse("members:metric_rows", args=["utilization"])

    there = client.get(rows, {"month": "2026-06", "location": elsewhere.pk}).content.decode()

    assert reverse("members:detail", args=[came.patient_id]) not in there
    assert client.get(reverse("members:metric_rows", args=["nonsense"])).status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["manager", "owner"])
def test_a_leader_of_one_location_sees_its_figures_and_rows_only(client, role):
    came, stayed_away = a_month_of_three(client)
    dallas = factories.make_location(name="Dallas", external_id="dallas")
    stayed_away.location = dallas
    stayed_away.save()
    metric_snapshots.recompute(month=MONTH, now=NOW)
    leader = factories.make_staff("austin@example.com", role=role)
    leader.roles.update(location=came.location)
    client.force_login(leader)
    rows, rows_csv = (reverse(f"members:{name}", args=["utilization"]) for name in ("metric_rows", "metric_rows_csv"))

    page = client.get(reverse("members:metrics"), {"month": "2026-06"}).content.decode()
    opened = client.get(rows, {"month": "2026-06", "part": "all"}).content.decode()
    files = (
        client.get(reverse("members:metrics_csv")).content
        + client.get(rows_csv, {"month": "2026-06", "part": "all"}).content
    )

    assert ("100.0 %" in page, "50.0 %" in page, "Dallas" in page) == (True, False, False)
    assert reverse("members:detail", args=[came.patient_id]) in opened
    assert reverse("members:detail", args=[stayed_away.patient_id]) not in opened
    assert "1 of 1" in opened
    assert (b"Austin" in files, b"Dallas" in files) == (True, False)
    for path in (reverse("members:metrics"), rows, rows_csv):
        assert client.get(path, {"location": dallas.pk}).status_code == 404


@pytest.mark.django_db
def test_rows_leave_the_house_as_a_file_only_on_record(client):
    """R116."""
    a_month_of_three(client)

    file = client.get(reverse("members:metric_rows_csv", args=["at_risk"]), {"month": "2026-06"})

    lines = file.content.decode("utf-8-sig").splitlines()
    assert len(lines) == 3
    assert lines[1].endswith("$199.00")
    noted = AuditEntry.objects.get(action="metrics.rows_exported")
    assert noted.data == {"figure": "at_risk", "month": "2026-06", "part": "counted", "rows": 2}


@pytest.mark.django_db
def test_the_front_desk_opens_no_figures(client):
    client.force_login(factories.make_staff(role="front_desk"))

    assert client.get(reverse("members:metric_rows", args=["mrr"])).status_code == 403
