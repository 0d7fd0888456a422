"""The benches' own ground: data that the models' rules let in, sums that agree, and no way to a practice's database."""

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import F, Sum
from django.db.models.functions import Coalesce

from bench import databases, synthetic
from bench.harness import Result, medians, percentile
from common.errors import Refused
from members import standings
from members.models import CreditEntry, HeldLot, Invoice, Membership, Patient, Visit
from outreach import cadence
from tests.factories import NOON

MEMBERS = 200


@pytest.mark.postgres
@pytest.mark.django_db
def test_a_synthetic_chain_keeps_every_rule_of_the_tables_and_its_sums_agree():
    synthetic.chain(MEMBERS, now=NOON)

    made = Membership.objects.filter(pk__gt=synthetic.FIRST)
    assert made.count() == Patient.objects.filter(pk__gt=synthetic.FIRST).count() == MEMBERS
    assert set(made.values_list("status", flat=True)) == {"active", "past_due", "paused", "cancelling", "cancelled"}
    assert Visit.objects.filter(patient__gt=synthetic.FIRST, status="completed").count() == MEMBERS * synthetic.VISITS
    assert Invoice.objects.filter(membership__gt=synthetic.FIRST, status="open").count() == MEMBERS * 4 // 100
    assert not CreditEntry.objects.filter(left__lt=0).exists()
    left = CreditEntry.objects.filter(lot__isnull=True).annotate(
        rest=F("quantity") + Coalesce(Sum("uses__quantity"), 0)
    )
    assert set(HeldLot.objects.values_list("pk", flat=True)) == set(
        left.filter(rest__gt=0).values_list("pk", flat=True)
    )
    assert standings.drifts(now=NOON) == []
    with connection.cursor() as cursor:  # foreign keys, which wait for the commit
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.postgres
@pytest.mark.django_db
def test_mondays_round_finds_members_to_enrol_and_reasons_to_skip_in_it():
    synthetic.chain(MEMBERS, now=NOON)

    planned = cadence.plan("monday", on=NOON.date(), now=NOON)

    assert cadence.run(planned, actor="system", now=NOON) > MEMBERS // 10
    assert {"booked", "no_consent"} <= {why for why, _ in cadence.counted(planned.row)}


@pytest.mark.postgres
@pytest.mark.django_db
def test_a_column_that_the_model_does_not_have_is_named():
    synthetic.chain(1, now=NOON)

    with pytest.raises(ValueError, match="hair"):
        synthetic.multiply(Patient.objects.order_by("pk")[0], 1, hair="'grey'")


@pytest.mark.parametrize(
    ("key", "value"), [("DEMO", False), ("STRIPE_API_KEY", "sk_live_1"), ("TWILIO_ACCOUNT_SID", "AC1")]
)
def test_a_bench_refuses_where_somebody_may_be_served(settings, key, value):
    setattr(settings, key, value)

    with pytest.raises(Refused, match="DEMO=true"):
        databases.refuse_unsafe()


def test_a_bench_of_no_name_names_those_there_are():
    with pytest.raises(CommandError, match="metrics"):
        call_command("bench", "speed")


def test_figures_are_medians_and_nearest_ranks():
    figures = iter([(3.0, 30), (1.0, 10), (2.0, 20)])

    assert medians(3, lambda run: next(figures)) == [2.0, 20]
    assert [percentile(range(1, 101), percent) for percent in (50, 99)] == [51, 100]


def test_a_missed_goal_says_so_in_the_table_and_in_json():
    result = Result("outbox", 400.0, "msg/s", 1000.0, 0.4, ">= 0.5 of the floor", met=False)

    assert "MISSED" in result.as_line()
    assert result.as_json()["met"] is False
