"""The prices of a plan version at Stripe: made once, or chosen from what the account has."""

import pytest
from django.urls import reverse

from members import plan_prices, plans
from members.models import AuditEntry, PlanVersion, StandinObject
from members.stripe_gateway import StripeRefused
from members.stripe_standin import building
from members.stripe_standin import client as standin
from tests import factories
from tests.doubles.stripe_account import make_price
from tests.factories import NOON

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _noon(monkeypatch):
    monkeypatch.setattr("common.clock.now", lambda: NOON)


@pytest.fixture
def manager(client):
    client.force_login(factories.make_staff("marcus@glowtheory.example", role="manager"))
    return client


def unpriced(name: str = "Radiance", **rules) -> PlanVersion:
    """The only version of a plan, and Stripe knows no price of it."""
    plan = factories.make_plan(name, tier=2)
    PlanVersion.objects.filter(plan=plan).delete()
    return factories.make_version(plan, price_cents=24900, stripe_price_id="", **rules)


def make(version) -> int:
    return plan_prices.make(version=version, actor="staff:1", now=NOON)


def at_stripe(kind: str) -> list[dict]:
    return list(StandinObject.objects.filter(kind=kind).order_by("created_at", "pk").values_list("body", flat=True))


def choose(client, version, price: str) -> str:
    path = reverse("members:plan_prices", args=[version.pk])
    return client.post(path, {"field": "stripe_price_id", "price": price}).content.decode()


class TestMaking:
    def test_a_price_and_its_product_are_made_and_set(self):
        version = unpriced(freeze_price_cents=4900)

        made = make(version)

        prices = {body["id"]: body["unit_amount"] for body in at_stripe("price")}
        assert (made, prices) == (2, {version.stripe_price_id: 24900, version.stripe_freeze_price_id: 4900})
        assert [body["name"] for body in at_stripe("product")] == ["Membership Radiance"]
        assert AuditEntry.objects.filter(action="plan.price_made").count() == 2

    def test_made_over_it_is_the_same_price(self):
        """R145: our row was not written, and Stripe has forgotten the idempotency key."""
        version = unpriced()
        make(version)
        first = version.stripe_price_id
        PlanVersion.objects.update(stripe_price_id="")
        version.refresh_from_db()

        make(version)

        assert version.stripe_price_id == first
        assert len(at_stripe("price")) == 1

    def test_the_next_version_of_a_plan_shares_its_product(self):
        version = unpriced()
        make(version)
        rules = {"price_cents": 25900, "effective_from": NOON}

        later = plans.revise(plan=version.plan, rules=rules, benefits=[], actor="staff:1", now=NOON)
        make(later)

        assert len(at_stripe("product")) == 1
        assert {body["unit_amount"] for body in at_stripe("price")} == {24900, 25900}

    def test_a_version_at_the_same_prices_keeps_them(self):
        version = unpriced(freeze_price_cents=4900)
        make(version)
        rules = {"price_cents": 24900, "freeze_price_cents": 4900, "notice_days": 30, "effective_from": NOON}

        later = plans.revise(plan=version.plan, rules=rules, benefits=[], actor="staff:1", now=NOON)

        assert not plan_prices.missing(later)

    @pytest.mark.parametrize("name", ["Botox Club", "The botox club"])
    def test_no_treatment_is_named_at_stripe(self, name):
        """R106."""
        factories.make_service("Botox", category="Injectables")

        make(unpriced(name))

        assert [body["name"] for body in at_stripe("product")] == ["Membership 2"]

    def test_a_sold_version_may_still_get_the_price_that_it_waits_for_and_nothing_else(self):
        version = unpriced()
        factories.make_membership(version=version)

        make(version)

        assert version.stripe_price_id
        with pytest.raises(TypeError):
            version.save(update_fields=["stripe_price_id"])

    def test_a_name_that_is_taken_for_another_amount_is_not_used(self):
        version = unpriced()
        make(version)
        PlanVersion.objects.update(stripe_price_id="", price_cents=1000)
        version.refresh_from_db()

        with pytest.raises(StripeRefused, match="for another amount"):
            make(version)


class TestChoosing:
    def test_only_prices_that_fit_and_are_free_are_shown(self):
        version = unpriced()
        fits, taken, _other = make_price(amount=24900), make_price(amount=24900), make_price(amount=9900)
        factories.make_version(factories.make_plan("Glow"), number=7, stripe_price_id=taken.id, price_cents=24900)

        shown = plan_prices.choices(version, plan_prices.missing(version)[0])

        assert [price.id for price in shown] == [fits.id]
        assert shown[0].product_name == "Membership Glow"

    def test_a_chosen_price_is_set_and_audited(self, manager):
        version, price = unpriced(), make_price(amount=24900)
        path = reverse("members:plan_prices", args=[version.pk])

        page = manager.get(path).content.decode()
        answer = manager.post(path, {"field": "stripe_price_id", "price": price.id})

        version.refresh_from_db()
        assert price.id in page
        assert answer.url == reverse("members:plan", args=[version.plan_id])
        assert version.stripe_price_id == price.id
        assert AuditEntry.objects.get(action="plan.price_chosen").data["price"] == price.id

    @pytest.mark.parametrize(
        "wrong", [{"unit_amount": 29900}, {"interval": "year"}, {"interval_count": 3}, {"currency": "cad"}]
    )
    def test_a_price_that_would_charge_something_else_is_refused(self, manager, wrong):
        version = unpriced()
        price = building.price("price_1", **{"product": "prod_1", "unit_amount": 24900, "created": NOON, **wrong})
        StandinObject.objects.bulk_create(building.rows(price))

        page = choose(manager, version, "price_1")

        version.refresh_from_db()
        assert "is not $249.00 a month" in page
        assert version.stripe_price_id == ""

    def test_a_price_that_stripe_does_not_know_is_refused(self, manager):
        assert "No such price" in choose(manager, unpriced(), "price_nowhere")
        assert "begins with price_" in choose(manager, unpriced("Luxe"), "../v1/customers")

    def test_a_version_keeps_its_price(self, manager):
        version, first, second = unpriced(), make_price(amount=24900), make_price(amount=24900)
        choose(manager, version, first.id)

        page = choose(manager, version, second.id)

        version.refresh_from_db()
        assert "has that price already" in page
        assert version.stripe_price_id == first.id


class TestPages:
    def test_a_version_without_a_price_says_what_to_do_and_a_click_does_it(self, manager):
        version = unpriced()
        path = reverse("members:plan_prices", args=[version.pk])

        before = manager.get(reverse("members:plan", args=[version.plan_id])).content.decode()
        manager.post(path)
        after = manager.get(reverse("members:plan", args=[version.plan_id])).content.decode()

        assert "nobody can buy it" in before
        assert path in before
        assert path not in after
        assert manager.get(path).status_code == 302

    def test_stripes_silence_is_said_and_sets_nothing(self, manager):
        version = unpriced()

        with standin.outage(503):
            page = manager.post(reverse("members:plan_prices", args=[version.pk]))

        version.refresh_from_db()
        assert "Stripe gives no answer" in page.content.decode()
        assert version.stripe_price_id == ""

    def test_the_desk_cannot_make_prices(self, client):
        client.force_login(factories.make_staff())

        assert client.get(reverse("members:plan_prices", args=[unpriced().pk])).status_code == 403
