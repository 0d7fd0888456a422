"""Columns that sum up rows: the comparison finds what a bug or a hand left behind, and repairs it."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command

from common import clock
from members import credits, standings
from members.models import AuditEntry, Membership
from tests.factories import NOON, make_benefit, make_membership, make_plan, make_service, make_visit

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def membership():
    membership = make_membership()
    for key, days in (("a", 45), ("b", -1)):
        credits.grant(
            membership=membership, service=make_service(), quantity=2, key=key, expires_at=NOON + days * DAY,
            actor="stripe", reason="period", now=NOON - 10 * DAY,
        )  # fmt: skip
    credits.expire_due(now=NOON)
    make_visit(membership.patient, NOON - 5 * DAY, status="completed")
    make_visit(membership.patient, NOON + 5 * DAY)
    standings.refresh_visits([membership.patient_id], now=NOON)
    return membership


def test_what_the_verbs_wrote_needs_no_repair(membership):
    assert standings.drifts(now=NOON) == []


def test_money_to_spend_is_no_credit(membership):
    wallet = make_benefit(make_plan("Luxe", tier=3).versions.get(), kind="wallet", quantity=7_500)
    credits.grant(
        membership=membership, benefit=wallet, quantity=7_500, key="money", expires_at=None,
        actor="stripe", reason="period", now=NOON,
    )  # fmt: skip

    assert standings.drifts(now=NOON) == []
    assert Membership.objects.get().credits_remaining == 2


@pytest.mark.parametrize(
    ("column", "wrong", "right"),
    [
        ("credits_remaining", 7, 2),
        ("visits_completed", 0, 1),
        ("first_visit_at", None, NOON - 5 * DAY),
        ("first_visit_at", NOON - 9 * DAY, NOON - 5 * DAY),
        ("last_visit_at", None, NOON - 5 * DAY),
        ("last_visit_at", NOON, NOON - 5 * DAY),
        ("next_appointment_at", None, NOON + 5 * DAY),
        ("next_appointment_at", NOON - DAY, NOON + 5 * DAY),
        ("next_appointment_at", NOON + DAY, NOON + 5 * DAY),
    ],
)
def test_a_drift_is_found_and_repaired(membership, column, wrong, right):
    Membership.objects.update(**{column: wrong})

    found = standings.drifts(now=NOON)

    assert [(drift.membership_id, drift.column, drift.computed) for drift in found] == [(membership.pk, column, right)]
    assert standings.recompute(now=NOON) == 1
    assert getattr(Membership.objects.get(), column) == right
    assert AuditEntry.objects.get(action="standings.repaired").data == {"memberships": 1}


def test_a_next_appointment_that_passed_by_the_clock_is_no_drift(membership):
    later = NOON + 6 * DAY

    assert [drift.column for drift in standings.drifts(now=later)] == []


def test_any_number_of_memberships_costs_one_question(membership, django_assert_num_queries):
    for _ in range(3):
        make_membership()

    with django_assert_num_queries(1):
        standings.drifts(now=NOON)


def test_the_command_tells_and_repairs(membership, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOON)
    Membership.objects.update(credits_remaining=9)
    told, as_json = StringIO(), StringIO()

    call_command("recompute_standings", stdout=told)
    call_command("recompute_standings", "--repair", "--json", stdout=as_json)

    assert "credits_remaining is 9, the rows say 2" in told.getvalue()
    assert json.loads(as_json.getvalue())["repaired"] == 1
    assert Membership.objects.get().credits_remaining == 2
