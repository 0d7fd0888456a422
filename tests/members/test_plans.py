"""Plans are numbered versions of their rules; what somebody bought never changes under them."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from members.models import PlanVersion
from tests import factories
from tests.factories import NOON

pytestmark = pytest.mark.django_db
Freeze = PlanVersion.Freeze


def test_a_version_is_sold_from_its_moment_on():
    plan = factories.make_plan()
    dearer = factories.make_version(plan, price_cents=24900, effective_from=NOON + timedelta(days=3))

    assert plan.version_at(NOON).number == 1
    assert plan.version_at(NOON + timedelta(days=3)) == dearer
    with pytest.raises(PlanVersion.DoesNotExist):
        plan.version_at(NOON - timedelta(days=5000))


def test_a_member_keeps_the_version_that_was_sold():
    member = factories.make_membership()
    factories.make_version(member.plan, price_cents=24900)

    member.refresh_from_db()

    assert member.plan_version.price == "$199.00"


def test_a_sold_version_and_its_benefits_never_change():
    version = factories.make_membership().plan_version
    benefit = version.benefits.get()

    version.price_cents, benefit.quantity = 9900, 5

    for change in (version.save, benefit.save, benefit.delete):
        with pytest.raises(TypeError, match="new version"):
            change()


def test_a_version_that_nobody_holds_may_change():
    version = factories.make_version(factories.make_plan())

    version.price_cents = 9900
    version.save()

    assert PlanVersion.objects.get(pk=version.pk).price_cents == 9900


def test_a_sold_version_takes_the_stripe_price_that_it_waited_for_and_no_other():
    version = factories.make_membership(plan=factories.make_plan(stripe_price_id="")).plan_version

    version.stripe_price_id = "price_first"
    version.save(update_fields=["stripe_price_id"])

    version.stripe_price_id = "price_second"
    with pytest.raises(TypeError):
        version.save(update_fields=["stripe_price_id"])


def test_the_plan_of_a_membership_follows_its_version():
    member = factories.make_membership()
    luxe = factories.make_plan("Luxe", tier=3)

    member.plan_version = luxe.version_at(NOON)
    member.save(update_fields=["plan_version"])

    member.refresh_from_db()
    assert member.plan == luxe


@pytest.mark.parametrize(
    ("rules", "offered"),
    [
        ({}, [Freeze.WITHOUT_BENEFITS]),
        ({"freeze_price_cents": 4900, "freeze_without_benefits": False}, [Freeze.REDUCED_PRICE]),
        ({"freeze_with_benefits": True, "freeze_months_per_year": 0}, []),
    ],
)
def test_the_ways_to_freeze_are_read_from_the_rules(rules, offered):
    assert PlanVersion(**rules).freezes_offered == offered


@pytest.mark.parametrize("rules", [{"early_end_fee_cents": 100}, {"freeze_price_cents": 19900}])
def test_rules_that_contradict_each_other_are_refused(rules):
    plan = factories.make_plan()

    with pytest.raises(IntegrityError), transaction.atomic():
        factories.make_version(plan, **rules)


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "percent"},
        {"kind": "percent", "percent": 10},
        {"kind": "percent", "percent": 101, "category": "Facials"},
        {"kind": "credit", "quantity": 0},
        {"kind": "wallet", "quantity": 5000, "percent": 10},
    ],
)
def test_a_benefit_that_grants_nothing_clear_is_refused(fields):
    version = factories.make_version(factories.make_plan())

    with pytest.raises(IntegrityError), transaction.atomic():
        factories.make_benefit(version, **fields)
