"""The stand-in behaves as Stripe documents it. Everything goes through the real SDK, judged by the specification."""

from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread

import pytest
import stripe
from django.db import connection as database

from common import clock
from members.models import StandinObject, StandinReplay
from members.stripe_standin import building, cards, forms, playing
from tests.doubles.stripe_account import happened, make_failed_invoice, make_price, make_subscriber, sdk
from tests.doubles.stripe_contract import contract, wrong_requests

NOW = datetime(2027, 1, 31, 16, 0, tzinfo=UTC)
REFUSED_WHEN_SAVED = [card for card in cards.CARDS.values() if not card.saves]
REFUSED_WHEN_CHARGED = [card for card in cards.CARDS.values() if not card.pays]

pytestmark = pytest.mark.django_db


class TestCards:
    @pytest.mark.parametrize("card", REFUSED_WHEN_SAVED, ids=lambda card: card.name)
    def test_a_failing_test_card_cannot_be_saved(self, card):
        customer = sdk().customers.create()

        with pytest.raises(stripe.CardError) as declined:
            sdk().payment_methods.attach(card.token, {"customer": customer.id})

        assert declined.value.http_status == 402
        assert (declined.value.code, declined.value.error.message) == (card.code, card.message)
        assert sdk().customers.payment_methods.list(customer.id).data == []

    @pytest.mark.parametrize("card", REFUSED_WHEN_CHARGED, ids=lambda card: card.name)
    def test_a_card_that_went_bad_fails_the_renewal_with_its_own_code(self, card):
        _, invoice_id = make_failed_invoice(card=card.name)

        with pytest.raises(stripe.CardError) as declined:
            sdk().invoices.pay(invoice_id)

        assert declined.value.code == card.code
        assert (declined.value.error.decline_code or "") == card.decline_code
        assert declined.value.request_id.startswith("req_")
        payments = sdk().invoice_payments.list({"invoice": invoice_id, "expand": ["data.payment.payment_intent"]})
        failure = payments.data[0].payment.payment_intent.last_payment_error
        assert (failure.code, failure.message) == (card.code, card.message)

    def test_the_documented_card_is_saved_and_fails_when_charged(self):
        subscriber = make_subscriber()
        saved = sdk().payment_methods.attach("pm_card_chargeCustomerFail", {"customer": subscriber.customer})
        sdk().subscriptions.update(subscriber.subscription, {"default_payment_method": saved.id})

        invoice_id = playing.renew(subscriber.subscription, now=clock.now())

        assert sdk().invoices.retrieve(invoice_id).status == "open"

    def test_the_same_test_card_is_a_new_saved_card_each_time(self):
        customer = sdk().customers.create()

        first, second = (sdk().payment_methods.attach("pm_card_visa", {"customer": customer.id}) for _ in range(2))

        listed = sdk().customers.payment_methods.list(customer.id).data
        assert [each.id for each in listed] == [second.id, first.id]
        assert first.card.fingerprint == second.card.fingerprint

    def test_a_detached_card_is_no_longer_the_customers(self):
        subscriber = make_subscriber()

        sdk().payment_methods.detach(subscriber.payment_method)

        with pytest.raises(stripe.InvalidRequestError, match="does not have a payment method"):
            sdk().subscriptions.update(subscriber.subscription, {"default_payment_method": subscriber.payment_method})


class TestSubscriptions:
    def test_a_new_subscription_is_active_and_its_first_invoice_paid(self):
        subscriber = make_subscriber()

        subscription = sdk().subscriptions.retrieve(subscriber.subscription, {"expand": ["latest_invoice.payments"]})

        invoice = subscription.latest_invoice
        assert (subscription.status, invoice.status, invoice.billing_reason) == (
            "active",
            "paid",
            "subscription_create",
        )
        assert (invoice.attempt_count, invoice.payments.data[0].status) == (1, "paid")
        assert invoice.parent.subscription_details.subscription == subscription.id

    def test_a_declined_first_payment_leaves_the_subscription_incomplete(self):
        customer = sdk().customers.create()
        bad = sdk().payment_methods.attach("pm_card_chargeCustomerFail", {"customer": customer.id})
        items = [{"price": make_price().id}]

        subscription = sdk().subscriptions.create(
            {"customer": customer.id, "items": items, "default_payment_method": bad.id, "metadata": {"member": "7"}}
        )

        invoice = sdk().invoices.retrieve(subscription.latest_invoice)
        assert (subscription.status, subscription.metadata["member"]) == ("incomplete", "7")
        assert (invoice.status, invoice.attempt_count, invoice.next_payment_attempt) == ("open", 1, None)

    def test_paying_the_first_invoice_makes_an_incomplete_subscription_active(self):
        customer = sdk().customers.create()
        bad = sdk().payment_methods.attach("pm_card_chargeCustomerFail", {"customer": customer.id})
        subscription = sdk().subscriptions.create(
            {"customer": customer.id, "items": [{"price": make_price().id}], "default_payment_method": bad.id}
        )
        good = sdk().payment_methods.attach("pm_card_visa", {"customer": customer.id})

        sdk().invoices.pay(subscription.latest_invoice, {"payment_method": good.id})

        assert sdk().subscriptions.retrieve(subscription.id).status == "active"

    def test_without_any_card_nothing_is_made(self):
        customer, price = sdk().customers.create(), make_price()
        before = StandinObject.objects.count()

        with pytest.raises(stripe.InvalidRequestError, match="no attached payment source"):
            sdk().subscriptions.create({"customer": customer.id, "items": [{"price": price.id}]})

        assert StandinObject.objects.count() == before

    def test_another_customers_card_is_refused(self):
        mine, other = make_subscriber(), make_subscriber()

        with pytest.raises(stripe.InvalidRequestError) as refused:
            sdk().subscriptions.update(mine.subscription, {"default_payment_method": other.payment_method})

        assert refused.value.param == "default_payment_method"

    def test_a_pause_voids_the_next_invoice_and_ends_at_its_date(self):
        subscriber = make_subscriber()
        now = clock.now()
        resumes = int((now + timedelta(days=45)).timestamp())
        sdk().subscriptions.update(
            subscriber.subscription, {"pause_collection": {"behavior": "void", "resumes_at": resumes}}
        )

        voided = playing.renew(subscriber.subscription, now=now + timedelta(days=31))
        charged = playing.renew(subscriber.subscription, now=now + timedelta(days=63))

        assert sdk().invoices.retrieve(voided).status == "void"
        assert sdk().invoices.retrieve(charged).status == "paid"
        assert sdk().subscriptions.retrieve(subscriber.subscription).pause_collection is None

    def test_an_empty_pause_ends_it_at_once(self):
        subscriber = make_subscriber()
        sdk().subscriptions.update(subscriber.subscription, {"pause_collection": {"behavior": "void"}})

        updated = sdk().subscriptions.update(subscriber.subscription, {"pause_collection": ""})

        assert updated.pause_collection is None

    def test_a_cancellation_at_period_end_can_be_taken_back_until_the_renewal_ends_it(self):
        subscriber = make_subscriber()
        change = sdk().subscriptions.update

        leaving = change(subscriber.subscription, {"cancel_at_period_end": True})
        staying = change(subscriber.subscription, {"cancel_at_period_end": False})
        change(subscriber.subscription, {"cancel_at_period_end": True})
        invoice_id = playing.renew(subscriber.subscription, now=clock.now())

        assert leaving.cancel_at == leaving.items.data[0].current_period_end
        assert (staying.cancel_at, staying.cancellation_details.reason) == (None, None)
        assert invoice_id == ""
        assert sdk().subscriptions.retrieve(subscriber.subscription).status == "canceled"
        assert happened()[-1] == "customer.subscription.deleted"

    def test_a_canceled_subscription_is_listed_only_when_asked_for(self):
        subscriber = make_subscriber()
        sdk().subscriptions.cancel(subscriber.subscription)

        def found(**by):
            listed = sdk().subscriptions.list({"customer": subscriber.customer, **by})
            return [each.id for each in listed.data]

        assert found() == found(status="active") == []
        assert found(status="all") == found(status="canceled") == [subscriber.subscription]

    def test_a_canceled_subscription_is_neither_changed_nor_canceled_again(self):
        subscriber = make_subscriber()
        sdk().subscriptions.cancel(subscriber.subscription)

        with pytest.raises(stripe.InvalidRequestError):
            sdk().subscriptions.update(subscriber.subscription, {"cancel_at_period_end": True})
        with pytest.raises(stripe.InvalidRequestError):
            sdk().subscriptions.cancel(subscriber.subscription)


class TestRenewing:
    def test_a_good_card_pays_and_tells_it_in_this_order(self):
        subscriber = make_subscriber()
        before = len(happened())

        playing.renew(subscriber.subscription, now=clock.now() + timedelta(days=31))

        assert happened(since=before) == [
            "customer.subscription.updated",
            "invoice.created",
            "invoice.finalized",
            "invoice.paid",
        ]

    def test_a_refused_card_leaves_the_invoice_open_and_tells_it_in_this_order(self):
        subscriber = make_subscriber(card="insufficient_funds")
        before, now = len(happened()), clock.now() + timedelta(days=31)

        invoice_id = playing.renew(subscriber.subscription, now=now)

        invoice = sdk().invoices.retrieve(invoice_id)
        assert happened(since=before) == [
            "customer.subscription.updated",
            "invoice.created",
            "invoice.finalized",
            "invoice.payment_failed",
            "customer.subscription.updated",
        ]
        assert (invoice.status, invoice.attempt_count) == ("open", 1)
        assert invoice.next_payment_attempt == int((now + timedelta(days=3)).timestamp())
        assert sdk().subscriptions.retrieve(subscriber.subscription).status == "past_due"

    def test_events_are_snapshots_without_what_stripe_leaves_out_of_webhooks(self):
        subscriber, invoice_id = make_failed_invoice()
        playing.give_card(subscriber.customer, "visa", now=clock.now())
        sdk().invoices.pay(invoice_id)

        failed = StandinObject.objects.get(kind="event", body__type="invoice.payment_failed").body

        assert failed["data"]["object"]["status"] == "open"
        assert not {"payments", "payment_intent", "charge", "subscription"} & set(failed["data"]["object"])
        assert failed["api_version"] == "2026-05-27.dahlia"

    def test_an_update_tells_what_it_was_before(self):
        subscriber, _ = make_failed_invoice()

        event = sdk().events.list({"types": ["customer.subscription.updated"], "limit": 1}).data[0]

        assert event.data.object["id"] == subscriber.subscription
        assert event.data.previous_attributes.to_dict() == {"status": "active"}

    def test_a_subscription_of_the_31st_bills_on_the_last_day_of_short_months(self):
        price = building.price("price_1", product="prod_1", unit_amount=100, created=NOW)
        body = building.subscription(
            "sub_1",
            customer="cus_1",
            price=price,
            created=NOW,
            period_start=NOW,
            period_end=clock.months_later(NOW, 1),
        )
        rows = building.rows(
            building.product("prod_1", name="Membership", created=NOW),
            price,
            building.payment_method("pm_1", customer="cus_1", created=NOW),
            building.customer("cus_1", created=NOW, default_payment_method="pm_1"),
            body,
        )
        StandinObject.objects.bulk_create(rows)

        playing.renew("sub_1", now=datetime(2027, 2, 28, 17, 0, tzinfo=UTC))

        item = sdk().subscriptions.retrieve("sub_1").items.data[0]
        assert datetime.fromtimestamp(item.current_period_start, UTC) == datetime(2027, 2, 28, 16, 0, tzinfo=UTC)
        assert datetime.fromtimestamp(item.current_period_end, UTC) == datetime(2027, 3, 31, 16, 0, tzinfo=UTC)

    def test_billed_early_the_billing_day_moves(self):
        subscriber = make_subscriber()
        now = clock.now()

        playing.renew(subscriber.subscription, now=now + timedelta(days=5))

        found = sdk().subscriptions.retrieve(subscriber.subscription)
        start = int((now + timedelta(days=5)).timestamp())
        assert found.billing_cycle_anchor == found.items.data[0].current_period_start == start

    def test_stripe_tries_again_after_3_5_and_7_days_and_then_gives_up(self):
        subscriber, invoice_id = make_failed_invoice()
        now = clock.now()

        gaps = []
        for _ in range(3):
            assert playing.retry(invoice_id, now=now) is False
            planned = sdk().invoices.retrieve(invoice_id).next_payment_attempt
            gaps.append(planned and round((planned - now.timestamp()) / 86400))

        assert gaps == [5, 7, None]
        assert sdk().invoices.retrieve(invoice_id).attempt_count == 4
        assert sdk().subscriptions.retrieve(subscriber.subscription).status == "past_due"

    def test_a_retry_that_succeeds_ends_the_trouble(self):
        subscriber, invoice_id = make_failed_invoice()
        playing.give_card(subscriber.customer, "visa", now=clock.now())

        assert playing.retry(invoice_id, now=clock.now()) is True

        assert sdk().subscriptions.retrieve(subscriber.subscription).status == "active"
        assert playing.retry(invoice_id, now=clock.now()) is False

    def test_an_unknown_subscription_cannot_be_renewed(self):
        with pytest.raises(Exception, match="No such subscription"):
            playing.renew("sub_unknown", now=clock.now())


class TestPaying:
    def test_a_good_card_pays_and_makes_the_subscription_active_again(self):
        subscriber, invoice_id = make_failed_invoice()
        good = sdk().payment_methods.attach("pm_card_visa", {"customer": subscriber.customer})
        before = len(happened())

        paid = sdk().invoices.pay(invoice_id, {"payment_method": good.id})

        assert (paid.status, paid.amount_paid, paid.amount_remaining) == ("paid", 19900, 0)
        assert paid.next_payment_attempt is None
        assert happened(since=before) == ["invoice.paid", "customer.subscription.updated"]
        assert sdk().subscriptions.retrieve(subscriber.subscription).status == "active"

    def test_a_declined_payment_by_hand_does_not_move_the_retry_schedule(self):
        """Stripe: after the first attempt only automatic ones count."""
        _, invoice_id = make_failed_invoice()
        planned = sdk().invoices.retrieve(invoice_id).next_payment_attempt
        before = len(happened())

        with pytest.raises(stripe.CardError):
            sdk().invoices.pay(invoice_id)

        after = sdk().invoices.retrieve(invoice_id)
        assert (after.status, after.attempt_count, after.next_payment_attempt) == ("open", 1, planned)
        assert happened(since=before) == ["invoice.payment_failed"]

    def test_the_order_is_given_card_then_subscriptions_then_customers(self):
        """R142."""
        subscriber, invoice_id = make_failed_invoice()
        good = sdk().payment_methods.attach("pm_card_visa", {"customer": subscriber.customer})
        sdk().customers.update(subscriber.customer, {"invoice_settings": {"default_payment_method": good.id}})

        with pytest.raises(stripe.CardError):
            sdk().invoices.pay(invoice_id)
        sdk().subscriptions.update(subscriber.subscription, {"default_payment_method": ""})

        assert sdk().invoices.pay(invoice_id).status == "paid"

    def test_a_paid_invoice_is_not_paid_twice(self):
        subscriber = make_subscriber()
        paid = sdk().invoices.list({"subscription": subscriber.subscription}).data[0]

        with pytest.raises(stripe.InvalidRequestError, match="already paid"):
            sdk().invoices.pay(paid.id)

    def test_paying_an_older_debt_leaves_the_newer_one_due(self):
        subscriber, older = make_failed_invoice()
        newer = playing.renew(subscriber.subscription, now=clock.now() + timedelta(days=40))
        good = sdk().payment_methods.attach("pm_card_visa", {"customer": subscriber.customer})
        status = []

        for invoice_id in (older, newer):
            sdk().invoices.pay(invoice_id, {"payment_method": good.id})
            status.append(sdk().subscriptions.retrieve(subscriber.subscription).status)

        assert status == ["past_due", "active"]

    def test_invoices_are_listed_by_subscription_customer_and_status(self):
        subscriber, open_invoice = make_failed_invoice()
        make_failed_invoice()

        def found(**by):
            return [each.id for each in sdk().invoices.list(by).data]

        assert found(subscription=subscriber.subscription, status="open") == [open_invoice]
        assert len(found(customer=subscriber.customer)) == 2
        assert found(customer=subscriber.customer, status="void") == []
        assert len(found()) == 4


class TestKeys:
    """Idempotency."""

    def test_a_repeated_request_gets_the_first_answer_and_does_nothing(self):
        options = {"idempotency_key": "once"}

        first, second = (sdk().customers.create({"name": "A"}, options) for _ in range(2))

        assert first.id == second.id
        assert StandinObject.objects.filter(kind="customer").count() == 1

    def test_the_first_answer_is_repeated_even_when_the_world_moved_on(self):
        """Declines too: a new attempt needs a new key."""
        subscriber, invoice_id = make_failed_invoice()
        options = {"idempotency_key": "attempt:1"}
        with pytest.raises(stripe.CardError):
            sdk().invoices.pay(invoice_id, {}, options)
        playing.give_card(subscriber.customer, "visa", now=clock.now())

        with pytest.raises(stripe.CardError):
            sdk().invoices.pay(invoice_id, {}, options)
        paid = sdk().invoices.pay(invoice_id, {}, {"idempotency_key": "attempt:2"})

        assert paid.status == "paid"

    def test_a_key_with_other_parameters_is_refused(self):
        sdk().customers.create({"name": "A"}, {"idempotency_key": "k"})

        with pytest.raises(stripe.IdempotencyError) as refused:
            sdk().customers.create({"name": "B"}, {"idempotency_key": "k"})

        assert refused.value.http_status == 400

    def test_a_key_with_another_path_is_refused(self):
        subscriber, invoice_id = make_failed_invoice()
        playing.give_card(subscriber.customer, "visa", now=clock.now())
        sdk().invoices.pay(invoice_id, {}, {"idempotency_key": "k"})

        with pytest.raises(stripe.IdempotencyError):
            sdk().invoices.void_invoice(invoice_id, {}, {"idempotency_key": "k"})

    def test_an_invalid_request_does_not_use_its_key_up(self):
        options = {"idempotency_key": "k"}
        with pytest.raises(stripe.InvalidRequestError):
            sdk().payment_methods.attach("pm_card_visa", {"customer": "cus_unknown"}, options)

        assert not StandinReplay.objects.filter(key="k").exists()
        assert sdk().customers.create({"name": "A"}, options).id


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_one_key_from_many_threads_at_once_makes_one_object():
    """R145, with real locks."""
    start, made = Barrier(8), []

    def ask():
        start.wait()
        made.append(sdk().customers.create({"name": "A"}, {"idempotency_key": "same"}).id)
        database.close()

    threads = [Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(made) == 8
    assert set(made) == {StandinObject.objects.get(kind="customer").pk}


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_an_invoice_paid_from_many_threads_at_once_is_charged_once():
    subscriber, invoice_id = make_failed_invoice()
    playing.give_card(subscriber.customer, "visa", now=clock.now())
    start, refused = Barrier(8), []

    def pay():
        start.wait()
        try:
            sdk().invoices.pay(invoice_id)
        except stripe.InvalidRequestError as error:
            refused.append(error.user_message)
        database.close()

    threads = [Thread(target=pay) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert refused == ["Invoice is already paid"] * 7
    assert happened().count("invoice.paid") == 2  # the first period's, and this one


class TestRefusals:
    """Errors in Stripe's shape."""

    def test_an_unknown_id_is_404_resource_missing(self):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            sdk().customers.retrieve("cus_unknown")

        assert (refused.value.http_status, refused.value.code) == (404, "resource_missing")
        assert refused.value.user_message == "No such customer: 'cus_unknown'"

    def test_a_left_out_parameter_is_400_parameter_missing(self):
        with wrong_requests(), pytest.raises(stripe.InvalidRequestError) as refused:
            sdk().products.create({})

        assert (refused.value.http_status, refused.value.code) == (400, "parameter_missing")
        assert refused.value.param == "name"

    def test_a_parameter_that_is_not_known_here_is_refused_not_ignored(self):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            sdk().customers.create({"tax_exempt": "none"})

        assert (refused.value.code, refused.value.user_message) == (
            "parameter_unknown",
            "Received unknown parameter: tax_exempt",
        )

    def test_an_operation_that_is_not_known_here_is_404(self):
        with pytest.raises(stripe.InvalidRequestError, match="Unrecognized request URL"):
            sdk().balance.retrieve()

    def test_another_api_version_is_refused(self):
        with pytest.raises(stripe.InvalidRequestError, match="Stripe-Version"):
            sdk().customers.list({}, {"stripe_version": "2020-08-27"})

    def test_a_field_that_cannot_be_expanded_is_refused(self):
        subscriber = make_subscriber()

        with pytest.raises(stripe.InvalidRequestError, match="cannot be expanded"):
            sdk().subscriptions.retrieve(subscriber.subscription, {"expand": ["charge"]})

    def test_what_only_real_stripe_can_do_is_refused_not_half_done(self):
        subscriber = make_subscriber()
        items = [{"price": subscriber.price, "quantity": 2}]
        weekly = {"unit_amount": 100, "currency": "usd", "product": sdk().products.list().data[0].id}
        before = StandinObject.objects.count()

        for ask in (
            lambda: sdk().subscriptions.create({"customer": subscriber.customer, "items": items}),
            lambda: sdk().subscriptions.create({"customer": subscriber.customer, "items": items * 2}),
            lambda: sdk().subscriptions.create({"customer": subscriber.customer, "items": [{"quantity": 1}]}),
            lambda: sdk().prices.create({**weekly, "recurring": {"interval": "week"}}),
            lambda: sdk().checkout.sessions.create({"mode": "payment", "success_url": "http://testserver/"}),
            lambda: sdk().checkout.sessions.create({"mode": "setup", "success_url": "http://testserver/"}),
            lambda: sdk().payment_methods.attach(subscriber.payment_method, {"customer": subscriber.customer}),
            lambda: sdk().subscriptions.update(
                subscriber.subscription, {"pause_collection": {"behavior": "keep_as_draft"}}
            ),
        ):
            with pytest.raises(stripe.InvalidRequestError):
                ask()

        assert StandinObject.objects.count() == before


class TestLists:
    def test_every_resource_can_be_looked_up_and_listed(self):
        """Each answer is judged by the specification on the way."""
        subscriber, _ = make_failed_invoice()
        sdk().checkout.sessions.create(
            {"mode": "setup", "currency": "usd", "customer": subscriber.customer, "success_url": "http://testserver/"}
        )
        services = {
            "customer": sdk().customers,
            "payment_method": sdk().payment_methods,
            "product": sdk().products,
            "price": sdk().prices,
            "subscription": sdk().subscriptions,
            "invoice": sdk().invoices,
            "invoice_payment": sdk().invoice_payments,
            "payment_intent": sdk().payment_intents,
            "checkout.session": sdk().checkout.sessions,
            "setup_intent": sdk().setup_intents,
            "event": sdk().events,
        }
        not_listed = {"payment_intent", "checkout.session", "setup_intent"}

        found = {kind: StandinObject.objects.filter(kind=kind).values_list("pk", flat=True) for kind in services}

        for kind, ids in found.items():
            assert [services[kind].retrieve(each).id for each in ids] == list(ids) != []
            if kind not in not_listed:
                assert {each.id for each in services[kind].list({"limit": 100}).data} == set(ids)

    def test_pages_follow_each_other_newest_first(self):
        made = [sdk().customers.create().id for _ in range(5)]

        first = sdk().customers.list({"limit": 2})
        rest = [each.id for each in sdk().customers.list({"limit": 2}).auto_paging_iter()]

        assert ([each.id for each in first.data], first.has_more) == (made[:2:-1], True)
        assert rest == made[::-1]

    @pytest.mark.parametrize("limit", [0, 101])
    def test_a_limit_out_of_bounds_is_refused(self, limit):
        with pytest.raises(stripe.InvalidRequestError):
            sdk().customers.list({"limit": limit})


class TestBuilders:
    """For seeds: the same shapes, without a call."""

    def test_every_body_is_as_stripe_published_it_and_the_sdk_reads_the_rows(self):
        price = building.price("price_1", product="prod_1", unit_amount=4900, created=NOW)
        subscription = building.subscription(
            "sub_1",
            customer="cus_1",
            price=price,
            created=NOW,
            period_start=NOW,
            period_end=clock.months_later(NOW, 1),
            status="past_due",
            default_payment_method="pm_1",
            latest_invoice="in_2",
        )
        card = building.payment_method("pm_1", customer="cus_1", created=NOW, card="lost_card", last4="1881")
        period = {"period_start": NOW, "period_end": clock.months_later(NOW, 1), "created": NOW}
        paid = building.invoice(
            "in_1", subscription=subscription, number="A-0001", status="paid", paid_at=NOW, **period
        )
        due = building.invoice(
            "in_2",
            subscription=subscription,
            number="A-0002",
            attempt_count=2,
            next_payment_attempt=NOW + timedelta(days=5),
            **period,
        )
        intents = [
            building.payment_intent("pi_1", invoice=paid, created=NOW, paid_with="pm_1"),
            building.payment_intent("pi_2", invoice=due, created=NOW, declined=card),
        ]
        payments = [
            building.invoice_payment(
                "inpay_1", invoice=paid, payment_intent="pi_1", created=NOW, status="paid", paid_at=NOW
            ),
            building.invoice_payment("inpay_2", invoice=due, payment_intent="pi_2", created=NOW),
        ]
        product = building.product("prod_1", name="Membership", created=NOW)
        customer = building.customer("cus_1", created=NOW, name="A", email="a@patients.example")
        bodies = [price, subscription, card, paid, due, *intents, *payments, product, customer]

        for body in bodies:
            contract().check_resource(body)
        StandinObject.objects.bulk_create(building.rows(*bodies))

        assert [each.id for each in sdk().invoices.list({"subscription": "sub_1", "status": "open"}).data] == ["in_2"]
        assert [each.id for each in sdk().subscriptions.list({"customer": "cus_1"}).data] == ["sub_1"]
        found = sdk().invoice_payments.list({"invoice": "in_2", "expand": ["data.payment.payment_intent"]})
        assert found.data[0].payment.payment_intent.last_payment_error.decline_code == "lost_card"
        assert sdk().invoices.retrieve("in_1").status_transitions.paid_at == int(NOW.timestamp())


@pytest.mark.parametrize(
    ("form", "decoded"),
    [
        ("", {}),
        ("a=1&b=", {"a": "1", "b": ""}),
        ("a[b][c]=1&a[b][d]=2", {"a": {"b": {"c": "1", "d": "2"}}}),
        ("items[0][price]=p&items[1][price]=q", {"items": [{"price": "p"}, {"price": "q"}]}),
        ("expand[]=a&expand[]=b", {"expand": ["a", "b"]}),
        ("note=x%5By%5D%20z", {"note": "x[y] z"}),
    ],
)
def test_bracketed_forms_become_nested_values(form, decoded):
    assert forms.decode(form) == decoded
