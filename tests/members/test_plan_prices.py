"""A version waits for the price at Stripe that charges it, and takes no other than it says."""

import pytest
from django.urls import reverse

from members.models import AuditEntry, Plan, StandinObject
from members.stripe_standin import building
from tests import factories
from tests.factories import NOON

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager(client):
    client.force_login(factories.make_staff(role="manager"))
    return client


@pytest.fixture
def waiting():
    return factories.make_version(Plan.objects.create(name="Glow", tier=1), stripe_price_id="")


def at_stripe(price_id: str = "price_glow", **fields) -> str:
    given = {"product": "prod_glow", "unit_amount": 19900, "created": NOON, **fields}
    StandinObject.objects.bulk_create(building.rows(building.price(price_id, **given)))
    return price_id


def connect(client, version, price: str) -> str:
    return client.post(
        reverse("members:price_connect", args=[version.pk]), {"price": price}, follow=True
    ).content.decode()


def test_a_new_version_can_be_sold_once_its_price_at_stripe_is_named(manager, waiting):
    page = connect(manager, waiting, at_stripe())

    waiting.refresh_from_db()
    assert "Glow, version 1 can be sold." in page
    assert "Connect</button>" not in page
    assert waiting.stripe_price_id == "price_glow"
    assert AuditEntry.objects.filter(action="plan.price_connected").count() == 1


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"unit_amount": 29900}, "not $199.00 a month"),
        ({"interval": "year"}, "not $199.00 a month"),
        ({"interval_count": 3}, "not $199.00 a month"),
        ({"currency": "cad"}, "not $199.00 a month"),
    ],
)
def test_a_price_that_would_charge_something_else_is_refused(manager, waiting, wrong, said):
    page = connect(manager, waiting, at_stripe(**wrong))

    waiting.refresh_from_db()
    assert said in page
    assert waiting.stripe_price_id == ""


def test_a_price_that_stripe_does_not_know_is_refused(manager, waiting):
    assert "Stripe knows no price price_nowhere." in connect(manager, waiting, "price_nowhere")
    assert "begins with price_" in connect(manager, waiting, "../v1/customers")


def test_a_version_keeps_its_price(manager, waiting):
    connect(manager, waiting, at_stripe())

    page = connect(manager, waiting, at_stripe("price_other"))

    waiting.refresh_from_db()
    assert "has its price already" in page
    assert waiting.stripe_price_id == "price_glow"


def test_the_desk_connects_no_price(client, waiting):
    client.force_login(factories.make_staff())

    assert client.post(reverse("members:price_connect", args=[waiting.pk]), {"price": "price_glow"}).status_code == 403
