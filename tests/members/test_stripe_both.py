"""What the gateway relies on, asked of the stand-in, and of Stripe itself where a test key is given.

`STRIPE_API_KEY=sk_test_… STRIPE_WEBHOOK_SECRETS=whsec_… pytest -m stripe_live` makes a few objects in that account's
test mode and cleans up nothing: it is for a sandbox.
"""

import uuid
from datetime import timedelta

import pytest
from django.conf import settings

from common import clock
from members import stripe_gateway
from members.stripe_gateway import CardDeclined, StripeRefused, connection

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["standin", pytest.param("live", marks=pytest.mark.stripe_live)])
def account(request):
    """The SDK's services at the one or the other."""
    if request.param == "live" and not settings.STRIPE_API_KEY.startswith("sk_test_"):
        pytest.skip("set STRIPE_API_KEY to a secret key of a test mode")
    if request.param == "standin" and settings.STRIPE_API_KEY:
        pytest.skip("a key is set: this run is about Stripe itself")
    return connection.client().v1


@pytest.fixture
def key() -> str:
    return f"test:{uuid.uuid4()}"


def subscriber(account, *, card: str = "pm_card_visa"):
    """A customer with a saved card who subscribed to $49 a month."""
    product = account.products.create({"name": "Membership"})
    price = account.prices.create(
        {"product": product.id, "unit_amount": 4900, "currency": "usd", "recurring": {"interval": "month"}}
    )
    customer = account.customers.create()
    saved = account.payment_methods.attach(card, {"customer": customer.id})
    account.customers.update(customer.id, {"invoice_settings": {"default_payment_method": saved.id}})
    return account.subscriptions.create({"customer": customer.id, "items": [{"price": price.id}]})


def test_a_paid_subscription_reads_active_with_its_card_and_owes_nothing(account):
    made = subscriber(account)

    facts, card = stripe_gateway.fetch_subscription(made.id), stripe_gateway.fetch_card(made.id)

    assert (facts.status, facts.collection_paused) == ("active", False)
    assert facts.period_end > facts.period_start
    assert card is not None
    assert (card.brand, card.last4) == ("visa", "4242")
    assert stripe_gateway.open_invoices(made.id) == []


def test_a_declined_charge_leaves_an_open_invoice_with_its_decline_code(account):
    made = subscriber(account, card="pm_card_chargeCustomerFail")

    [owed] = stripe_gateway.open_invoices(made.id)

    assert (owed.status, owed.amount_remaining_cents) == ("open", 4900)
    assert owed.attempted
    assert owed.hosted_url
    assert stripe_gateway.decline_code(owed.id) == "generic_decline"


def test_a_new_card_pays_what_is_open_once_for_its_key(account, key):
    made = subscriber(account, card="pm_card_chargeCustomerFail")
    [owed] = stripe_gateway.open_invoices(made.id)
    with pytest.raises(CardDeclined):
        stripe_gateway.pay_invoice(owed.id, key=key)
    saved = account.payment_methods.attach("pm_card_mastercard", {"customer": made.customer})

    stripe_gateway.set_default_card(
        customer_id=made.customer, subscription_id=made.id, payment_method_id=saved.id, key=key
    )
    paid = [stripe_gateway.pay_invoice(owed.id, key=f"{key}:pay").status for _ in range(2)]

    assert paid == ["paid", "paid"]
    assert stripe_gateway.fetch_subscription(made.id).status == "active"


def test_a_card_page_is_one_for_its_key(account, key):
    made = subscriber(account)
    asked = {"customer_id": made.customer, "success_url": "https://example.com/", "cancel_url": "https://example.com/"}

    pages = {stripe_gateway.create_card_session(**asked, key=key).id for _ in range(2)}

    [page] = pages
    assert stripe_gateway.fetch_card_session(page).complete is False


def test_a_pause_and_its_end_read_back(account, key):
    made = subscriber(account)
    until = clock.now() + timedelta(days=40)

    paused = stripe_gateway.pause(subscription_id=made.id, resumes_at=until, key=f"{key}:pause")
    resumed = stripe_gateway.resume(subscription_id=made.id, key=f"{key}:resume")

    assert (paused.collection_paused, resumed.collection_paused) == (True, False)


def test_the_lists_name_what_was_just_made(account):
    made = subscriber(account)

    listed = {each.facts.id for each in stripe_gateway.subscriptions_page()}
    events = stripe_gateway.events_page(since=clock.now() - timedelta(minutes=10))

    assert made.id in listed
    assert "customer.subscription.created" in {event["type"] for event in events}


def test_what_is_not_there_is_refused_with_stripes_own_code(account):
    with pytest.raises(StripeRefused) as refused:
        stripe_gateway.fetch_invoice("in_0000000000000000")

    assert refused.value.code == "resource_missing"
