"""The gateway's writes on a subscription, against the stand-in: every request and answer is judged by Stripe's spec."""

from datetime import UTC, datetime, timedelta

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as some

from common import clock
from members import stripe_gateway
from members.models import StandinObject
from members.stripe_standin import building, playing, store
from members.stripe_standin.building import prorations
from tests.doubles.stripe_account import happened, make_price, make_subscriber, sdk
from tests.doubles.stripe_contract import wrong_requests

pytestmark = pytest.mark.django_db
JAN, FEB = datetime(2027, 1, 1, tzinfo=UTC), datetime(2027, 2, 1, tzinfo=UTC)


def subscription(old: int) -> dict:
    price = building.price("price_old", product="prod_1", unit_amount=old, created=JAN)
    return building.subscription("sub_1", customer="cus_1", price=price, created=JAN, period_start=JAN, period_end=FEB)


def lines(old: int, new: int, at: datetime, **interval) -> list[int]:
    price = building.price("price_new", product="prod_2", unit_amount=new, created=JAN, **interval)
    made = prorations.lines(subscription(old), price, at=at, product="Glow", new_product="Radiance")
    return [line["amount"] for line in made]


def halfway(subscriber) -> datetime:
    facts = stripe_gateway.fetch_subscription(subscriber.subscription)
    return facts.period_start + (facts.period_end - facts.period_start) / 2


class TestProration:
    @pytest.mark.parametrize(
        ("at", "credit", "charge"),
        [
            (JAN, -19900, 29900),
            (datetime(2027, 1, 16, 12, tzinfo=UTC), -9950, 14950),
            (datetime(2027, 1, 11, tzinfo=UTC), -13481, 20255),  # 21/31 of 199.00 and 299.00, to the nearest cent
            (FEB - timedelta(seconds=1), 0, 0),
        ],
    )
    def test_unused_time_is_credited_and_the_same_time_charged_to_the_cent(self, at, credit, charge):
        assert lines(19900, 29900, at) == [credit, charge]

    def test_a_change_of_interval_charges_the_whole_new_period_now(self):
        assert lines(19900, 199000, datetime(2027, 1, 16, 12, tzinfo=UTC), interval="year") == [-9950, 199000]

    @given(old=some.integers(1, 200_000), more=some.integers(1, 200_000), second=some.integers(0, 31 * 86_400))
    def test_the_difference_never_costs_more_than_the_difference_of_the_prices(self, old, more, second):
        credit, charge = lines(old, old + more, JAN + timedelta(seconds=second))

        assert credit + charge + 1 >= 0
        assert credit + charge <= more + 1
        assert -old <= credit <= 0


class TestChangeOfPrice:
    def test_what_the_preview_says_is_what_is_charged(self):
        """R150."""
        subscriber, dearer = make_subscriber(), make_price(amount=29900)
        at = halfway(subscriber)

        shown = stripe_gateway.preview_change(
            subscription_id=subscriber.subscription, price_id=dearer.id, prorated_at=at
        )
        changed = stripe_gateway.change_price(
            subscription_id=subscriber.subscription, price_id=dearer.id, prorated_at=at, key="quote:1"
        )

        bill = StandinObject.objects.filter(kind="invoice", body__billing_reason="subscription_update").get().body
        assert (bill["status"], bill["amount_paid"]) == ("paid", shown.amount_due_cents)
        assert shown.amount_due_cents == sum(line.amount_cents for line in shown.lines) == 5000
        assert changed.price_id == dearer.id
        assert shown.next_charge_at == changed.period_end

    def test_a_preview_keeps_nothing(self):
        subscriber, dearer = make_subscriber(), make_price(amount=29900)
        before = StandinObject.objects.count()

        stripe_gateway.preview_change(
            subscription_id=subscriber.subscription, price_id=dearer.id, prorated_at=halfway(subscriber)
        )

        assert StandinObject.objects.count() == before

    def test_a_refused_card_keeps_the_old_price(self):
        """R150: the plan is not granted on a failed payment."""
        subscriber, dearer = make_subscriber(card="insufficient_funds"), make_price(amount=29900)

        with pytest.raises(stripe_gateway.CardDeclined):
            stripe_gateway.change_price(
                subscription_id=subscriber.subscription,
                price_id=dearer.id,
                prorated_at=halfway(subscriber),
                key="quote:1",
            )

        assert stripe_gateway.fetch_subscription(subscriber.subscription).price_id == subscriber.price
        assert not StandinObject.objects.filter(body__billing_reason="subscription_update").exists()

    def test_a_repeat_with_the_same_key_charges_once(self):
        """R145."""
        subscriber, dearer = make_subscriber(), make_price(amount=29900)
        at = halfway(subscriber)

        for _ in range(2):
            stripe_gateway.change_price(
                subscription_id=subscriber.subscription, price_id=dearer.id, prorated_at=at, key="quote:1"
            )

        assert StandinObject.objects.filter(body__billing_reason="subscription_update").count() == 1

    @pytest.mark.parametrize(
        "change",
        [
            {"proration_behavior": "create_prorations"},
            {"payment_behavior": "allow_incomplete"},
            {"proration_date": 1},
        ],
    )
    def test_what_the_stand_in_cannot_do_is_refused_and_not_guessed(self, change):
        subscriber, dearer = make_subscriber(), make_price(amount=29900)
        item = sdk().subscriptions.retrieve(subscriber.subscription).items.data[0]
        asked = {
            "items": [{"id": item.id, "price": dearer.id}],
            "proration_behavior": "always_invoice",
            "payment_behavior": "error_if_incomplete",
        }

        with pytest.raises(stripe.InvalidRequestError), wrong_requests():
            sdk().subscriptions.update(subscriber.subscription, asked | change)


class TestFirstInvoice:
    def test_the_preview_of_a_start_is_the_whole_price(self):
        subscriber = make_subscriber(amount=29900)

        shown = stripe_gateway.preview_start(
            customer_id=subscriber.customer, price_id=subscriber.price, now=clock.now()
        )

        assert shown.amount_due_cents == 29900
        assert timedelta(days=27) < shown.next_charge_at - clock.now() < timedelta(days=32)

    def test_a_refused_card_starts_nothing(self):
        subscriber = make_subscriber(card="expired_card")

        with pytest.raises(stripe_gateway.CardDeclined):
            stripe_gateway.create_subscription(
                customer_id=subscriber.customer, price_id=subscriber.price, membership_id=7, key="quote:1"
            )

        assert StandinObject.objects.filter(kind="subscription").count() == 1

    def test_a_start_is_active_and_names_our_row_only(self):
        """R106: an opaque id goes to Stripe, nothing else."""
        subscriber = make_subscriber()

        started = stripe_gateway.create_subscription(
            customer_id=subscriber.customer, price_id=subscriber.price, membership_id=7, key="quote:1"
        )

        assert started.status == "active"
        assert store.get("subscription", started.id)["metadata"] == {"membership": "7"}


class TestPriceOfTheNextPeriod:
    def test_a_lower_price_comes_with_the_next_period_and_costs_nothing_now(self):
        subscriber, cheaper = make_subscriber(amount=29900), make_price(amount=19900)

        scheduled = stripe_gateway.schedule_price(
            subscription_id=subscriber.subscription, price_id=cheaper.id, key="quote:1"
        )
        invoices = StandinObject.objects.filter(kind="invoice").count()
        renewal = playing.renew(subscriber.subscription, now=scheduled.period_end + timedelta(minutes=1))

        after = stripe_gateway.fetch_subscription(subscriber.subscription)
        assert (scheduled.price_id, bool(scheduled.schedule_id)) == (subscriber.price, True)
        assert invoices == 1
        assert (after.price_id, after.schedule_id) == (cheaper.id, "")
        assert stripe_gateway.fetch_invoice(renewal).amount_due_cents == 19900

    def test_another_choice_takes_the_place_of_the_first(self):
        subscriber, first, second = make_subscriber(amount=29900), make_price(amount=19900), make_price(amount=9900)

        stripe_gateway.schedule_price(subscription_id=subscriber.subscription, price_id=first.id, key="quote:1")
        found = stripe_gateway.schedule_price(
            subscription_id=subscriber.subscription, price_id=second.id, key="quote:2"
        )
        playing.renew(subscriber.subscription, now=found.period_end + timedelta(minutes=1))

        assert stripe_gateway.fetch_subscription(subscriber.subscription).price_id == second.id

    def test_a_schedule_that_is_dropped_changes_nothing(self):
        subscriber, cheaper = make_subscriber(amount=29900), make_price(amount=19900)
        stripe_gateway.schedule_price(subscription_id=subscriber.subscription, price_id=cheaper.id, key="quote:1")

        kept = stripe_gateway.keep_price(subscription_id=subscriber.subscription, key="quote:2")
        playing.renew(subscriber.subscription, now=kept.period_end + timedelta(minutes=1))

        assert stripe_gateway.fetch_subscription(subscriber.subscription).price_id == subscriber.price
        assert "subscription_schedule.released" in happened()

    def test_a_schedule_forbids_a_cancellation_until_it_is_dropped(self):
        subscriber, cheaper = make_subscriber(amount=29900), make_price(amount=19900)
        ends = stripe_gateway.schedule_price(
            subscription_id=subscriber.subscription, price_id=cheaper.id, key="quote:1"
        ).period_end

        with pytest.raises(stripe_gateway.StripeRefused, match="managed by the subscription schedule"):
            stripe_gateway.cancel_at(subscription_id=subscriber.subscription, at=ends, key="quote:2")
        stripe_gateway.keep_price(subscription_id=subscriber.subscription, key="quote:2")
        found = stripe_gateway.cancel_at(subscription_id=subscriber.subscription, at=ends, key="quote:3")

        assert found.ends_at == ends


class TestPauseAndCancel:
    def test_a_pause_voids_the_invoices_until_it_ends(self):
        """R147, as settled: collection is paused and invoices are void."""
        subscriber = make_subscriber()
        ends = stripe_gateway.fetch_subscription(subscriber.subscription).period_end
        back = ends + timedelta(days=45)

        paused = stripe_gateway.pause(subscription_id=subscriber.subscription, resumes_at=back, key="quote:1")
        first = playing.renew(subscriber.subscription, now=ends + timedelta(minutes=1))
        second = playing.renew(subscriber.subscription, now=ends + timedelta(days=62))

        assert (paused.collection_paused, paused.resumes_at) == (True, back.replace(microsecond=0))
        assert stripe_gateway.fetch_invoice(first).status == "void"
        assert stripe_gateway.fetch_invoice(second).status == "paid"

    def test_a_pause_that_is_ended_early_charges_the_next_period(self):
        subscriber = make_subscriber()
        stripe_gateway.pause(subscription_id=subscriber.subscription, resumes_at=None, key="quote:1")

        resumed = stripe_gateway.resume(subscription_id=subscriber.subscription, key="quote:2")
        renewal = playing.renew(subscriber.subscription, now=resumed.period_end + timedelta(minutes=1))

        assert not resumed.collection_paused
        assert stripe_gateway.fetch_invoice(renewal).status == "paid"

    def test_a_cancellation_can_be_taken_back_until_it_comes_true(self):
        subscriber = make_subscriber()
        ends = stripe_gateway.fetch_subscription(subscriber.subscription).period_end

        leaving = stripe_gateway.cancel_at(subscription_id=subscriber.subscription, at=ends, key="quote:1")
        staying = stripe_gateway.keep_going(subscription_id=subscriber.subscription, key="quote:2")

        assert (leaving.ends_at, staying.ends_at) == (ends, None)

    def test_a_cancellation_may_wait_for_the_end_of_a_later_period(self):
        subscriber = make_subscriber()
        first = stripe_gateway.fetch_subscription(subscriber.subscription).period_end
        second = clock.months_later(first, 1)

        leaving = stripe_gateway.cancel_at(subscription_id=subscriber.subscription, at=second, key="quote:1")
        paid = playing.renew(subscriber.subscription, now=first + timedelta(minutes=1))
        nothing = playing.renew(subscriber.subscription, now=second + timedelta(minutes=1))

        assert leaving.ends_at == second
        assert (bool(paid), nothing) == (True, "")
        assert stripe_gateway.fetch_subscription(subscriber.subscription).status == "canceled"

    def test_a_later_cancellation_can_be_taken_back_too(self):
        subscriber = make_subscriber()
        later = clock.months_later(stripe_gateway.fetch_subscription(subscriber.subscription).period_end, 2)
        stripe_gateway.cancel_at(subscription_id=subscriber.subscription, at=later, key="quote:1")

        staying = stripe_gateway.keep_going(subscription_id=subscriber.subscription, key="quote:2")

        assert staying.ends_at is None

    def test_a_cancellation_at_once_ends_the_subscription(self):
        subscriber = make_subscriber()

        ended = stripe_gateway.cancel_now(subscription_id=subscriber.subscription, key="quote:1")

        assert (ended.status, ended.ended_unpaid) == ("canceled", False)
        assert ended.ended_at
