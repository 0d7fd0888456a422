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

    found = stripe_gateway.fetch_with_card(made.id)
    facts, card = found.facts, found.card

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


def price_of(made) -> str:
    return str(made["items"].data[0].price.id)


def another_price(made, key: str, *, cents: int) -> str:
    """Of the same product."""
    like = {"product_name": "Membership", "like_price_id": price_of(made), "currency": "usd", "interval": "month"}
    return stripe_gateway.create_price(**like, cents=cents, lookup_key=f"{key}:{cents}", key=f"{key}:{cents}").id


def give_bad_card(account, made, key: str) -> None:
    """One that can be saved and is refused when charged."""
    saved = account.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": made.customer})
    stripe_gateway.set_default_card(
        customer_id=made.customer, subscription_id=made.id, payment_method_id=saved.id, key=f"{key}:card"
    )


class TestChangeOfPlan:
    def test_a_dearer_plan_costs_what_its_preview_said_once_for_its_key(self, account, key):
        """R150."""
        made = subscriber(account)
        began = stripe_gateway.fetch_subscription(made.id).period_start
        wanted = {"subscription_id": made.id, "price_id": another_price(made, key, cents=9900), "prorated_at": began}

        shown = stripe_gateway.preview_change(**wanted)
        changed = [stripe_gateway.change_price(**wanted, key=f"{key}:change") for _ in range(2)]

        charged = stripe_gateway.fetch_invoice(changed[0].latest_invoice_id)
        assert (charged.status, charged.amount_due_cents) == ("paid", shown.amount_due_cents)
        assert shown.amount_due_cents == 5000
        assert {each.latest_invoice_id for each in changed} == {charged.id}
        assert {each.price_id for each in changed} == {wanted["price_id"]}

    def test_a_refused_difference_changes_nothing(self, account, key):
        made = subscriber(account)
        before = stripe_gateway.fetch_subscription(made.id)
        dearer = another_price(made, key, cents=9900)
        give_bad_card(account, made, key)

        with pytest.raises(CardDeclined):
            stripe_gateway.change_price(
                subscription_id=made.id, price_id=dearer, prorated_at=before.period_start, key=f"{key}:change"
            )

        after = stripe_gateway.fetch_subscription(made.id)
        assert (after.price_id, after.status) == (before.price_id, "active")
        assert stripe_gateway.open_invoices(made.id) == []

    def test_a_cheaper_plan_waits_for_the_next_period_and_can_be_dropped(self, account, key):
        made = subscriber(account)
        cheaper = another_price(made, key, cents=2900)

        planned = stripe_gateway.schedule_price(subscription_id=made.id, price_id=cheaper, key=f"{key}:plan")
        kept = stripe_gateway.keep_price(subscription_id=made.id, key=f"{key}:keep")

        assert planned.schedule_id
        assert kept.schedule_id == ""
        assert planned.price_id == kept.price_id == price_of(made)
        assert planned.latest_invoice_id == kept.latest_invoice_id

    def test_a_reduced_price_is_scheduled_and_its_end_restores_the_full_one(self, account, key):
        made = subscriber(account)
        prices = {"price_id": price_of(made), "reduced_price_id": another_price(made, key, cents=1900)}

        reduced = stripe_gateway.reduce_price(subscription_id=made.id, **prices, months=2, key=f"{key}:reduce")
        stripe_gateway.keep_price(subscription_id=made.id, key=f"{key}:hold")
        held = stripe_gateway.pause(subscription_id=made.id, resumes_at=None, key=f"{key}:pause")
        restored = stripe_gateway.restore_price(subscription_id=made.id, price_id=price_of(made), key=f"{key}:restore")

        assert reduced.schedule_id
        assert (held.schedule_id, held.collection_paused) == ("", True)
        assert (restored.price_id, restored.collection_paused) == (price_of(made), True)


class TestTheEnd:
    @pytest.mark.parametrize("months", [0, 1])
    def test_it_comes_with_a_period_and_can_be_taken_back(self, account, key, months):
        made = subscriber(account)
        ends = clock.months_later(stripe_gateway.fetch_subscription(made.id).period_end, months)

        leaving = stripe_gateway.cancel_at(subscription_id=made.id, at=ends, key=f"{key}:cancel")
        kept = stripe_gateway.keep_going(subscription_id=made.id, key=f"{key}:keep")

        assert (leaving.status, leaving.ends_at) == ("active", ends)
        assert (kept.status, kept.ends_at) == ("active", None)

    def test_at_once_it_is_canceled_and_owes_nothing(self, account, key):
        made = subscriber(account)

        ended = stripe_gateway.cancel_now(subscription_id=made.id, key=key)

        assert (ended.status, ended.ended_unpaid, ended.ends_at) == ("canceled", False, None)
        assert ended.ended_at is not None
        assert stripe_gateway.open_invoices(made.id) == []


class TestFees:
    def test_it_is_one_paid_invoice_for_its_key_and_no_part_of_the_membership(self, account, key):
        made = subscriber(account)
        fee = {"customer_id": made.customer, "subscription_id": made.id, "cents": 2500, "currency": "usd"}

        first, again = (stripe_gateway.charge_fee(**fee, key=key) for _ in range(2))

        assert first.id == again.id
        assert (first.status, first.amount_due_cents, first.subscription_id) == ("paid", 2500, made.id)
        assert not first.is_of_membership

    def test_a_refused_one_is_not_owed(self, account, key):
        made = subscriber(account)
        give_bad_card(account, made, key)

        with pytest.raises(CardDeclined):
            stripe_gateway.charge_fee(
                customer_id=made.customer, subscription_id=made.id, cents=2500, currency="usd", key=key
            )

        assert stripe_gateway.open_invoices(made.id) == []


def test_a_new_subscription_charges_what_its_preview_said_or_does_not_begin(account, key):
    made = subscriber(account)
    wanted = {"customer_id": made.customer, "price_id": another_price(made, key, cents=9900)}

    shown = stripe_gateway.preview_start(**wanted, now=clock.now())
    begun = stripe_gateway.create_subscription(**wanted, membership_id=1, key=f"{key}:start")
    give_bad_card(account, made, key)
    with pytest.raises(CardDeclined):
        stripe_gateway.create_subscription(**wanted, membership_id=2, key=f"{key}:refused")

    charged = stripe_gateway.fetch_invoice(begun.latest_invoice_id)
    assert (begun.status, charged.status) == ("active", "paid")
    assert charged.amount_due_cents == shown.amount_due_cents == 9900


def test_a_price_is_one_for_its_name(account, key):
    made = subscriber(account)
    like = {"product_name": "", "like_price_id": price_of(made), "cents": 9900, "currency": "usd", "interval": "month"}

    first, again = (stripe_gateway.create_price(**like, lookup_key=key, key=f"{key}:{n}") for n in range(2))

    assert first.id == again.id
    assert stripe_gateway.fetch_price(first.id).cents == 9900
    with pytest.raises(StripeRefused):
        stripe_gateway.create_price(**{**like, "cents": 100}, lookup_key=key, key=f"{key}:other")


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
