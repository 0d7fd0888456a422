"""The gateway reads and writes through the real SDK; its webhook check lets nothing in that is not Stripe's."""

import json
import time
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

import pytest
import stripe
from django.core.exceptions import ImproperlyConfigured

from common import clock
from common.errors import Refused
from members import stripe_gateway
from members.models import StandinReplay
from members.stripe_gateway import CardDeclined, StripeRefused, StripeUnavailable, connection
from members.stripe_standin import client, playing, sessions, store, watchers
from tests.doubles.stripe_account import make_failed_invoice, make_subscriber, sdk

EVENT = {"id": "evt_1", "object": "event", "type": "invoice.paid", "api_version": "2026-05-27.dahlia", "data": {}}
BACK = {"success_url": "http://testserver/m/x/?s={CHECKOUT_SESSION_ID}", "cancel_url": "http://testserver/m/x/"}


def _signed(text: str, *, secret: str = "whsec_demo", age: int = 0) -> str:
    return stripe.WebhookSignature.generate_signature_header(text, secret, timestamp=int(time.time()) - age)


def _verify(text: str, **signing) -> dict:
    return stripe_gateway.verify_webhook(text.encode(), _signed(text, **signing))


class TestWebhooks:
    """R132."""

    def test_a_signed_event_comes_back_as_it_was_sent(self):
        assert _verify(json.dumps(EVENT)) == EVENT

    @pytest.mark.parametrize("signature", ["", "nonsense", "t=1,v1=00", "v1=00", f"t={2**70},v1=00", "t=,v1="])
    def test_a_wrong_signature_is_refused(self, signature):
        with pytest.raises(Refused) as refused:
            stripe_gateway.verify_webhook(json.dumps(EVENT).encode(), signature)

        assert refused.value.code == "bad_signature"

    def test_one_altered_byte_is_refused(self):
        text = json.dumps(EVENT)

        with pytest.raises(Refused) as refused:
            stripe_gateway.verify_webhook(text.replace("evt_1", "evt_2").encode(), _signed(text))

        assert refused.value.code == "bad_signature"

    def test_a_delivery_of_299_seconds_passes_and_one_of_302_is_refused(self):
        text = json.dumps(EVENT)

        assert _verify(text, age=298)
        with pytest.raises(Refused) as refused:
            _verify(text, age=302)

        assert refused.value.code == "bad_signature"

    def test_while_a_secret_is_rotated_both_are_good(self, settings):
        settings.STRIPE_WEBHOOK_SECRETS = ["whsec_new", "whsec_old"]
        text = json.dumps(EVENT)

        assert _verify(text, secret="whsec_new") == _verify(text, secret="whsec_old") == EVENT

    @pytest.mark.parametrize(
        ("key", "livemode", "passes"),
        [
            ("rk_live_1", True, True),
            ("rk_live_1", False, False),  # a test event could mark a member paid who is not
            ("sk_test_1", False, True),
            ("sk_test_1", True, False),
            ("sk_org_1", True, True),  # a key that names no mode
        ],
    )
    def test_events_of_the_other_mode_are_refused(self, settings, key, livemode, passes):
        """R132."""
        settings.STRIPE_API_KEY = key
        text = json.dumps({**EVENT, "livemode": livemode})

        if passes:
            assert _verify(text)["id"] == "evt_1"
        else:
            with pytest.raises(Refused) as refused:
                _verify(text)
            assert refused.value.code == "bad_payload"

    def test_without_a_secret_nothing_passes(self, settings):
        settings.STRIPE_WEBHOOK_SECRETS = []

        with pytest.raises(Refused) as refused:
            _verify(json.dumps(EVENT))

        assert refused.value.code == "bad_signature"

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "{",
            "[]",
            "[1, 2]",
            "7",
            "null",
            "true",
            '"evt_1"',
            "{}",
            '{"id": "evt_1"}',
            '{"type": "invoice.paid"}',
            '{"id": "", "type": "invoice.paid"}',
            '{"id": 7, "type": "invoice.paid"}',
            '{"id": "evt_1", "type": ["invoice.paid"]}',
            '{"id": "evt_1", "type": "invoice.paid", "api_version": 7}',
            json.dumps(EVENT | {"id": "e" * 65}),
            json.dumps(EVENT | {"type": "t" * 81}),
            json.dumps(EVENT | {"data": {"object": {"id": "i" * 256}}}),
            json.dumps(EVENT | {"data": "\x00"}),
            json.dumps(EVENT | {"data": "\ud800"}),
            '{"id": "evt_1", "type": "invoice.paid", "data": NaN}',
            '{"id": "evt_1", "type": "invoice.paid", "data": 1e999}',
            "[" * 100_000,
        ],
    )
    def test_signed_but_odd_json_is_refused_and_breaks_nothing(self, text):
        with pytest.raises(Refused) as refused:
            _verify(text)

        assert refused.value.code == "bad_payload"

    def test_bytes_that_are_no_text_are_refused(self):
        with pytest.raises(Refused) as refused:
            stripe_gateway.verify_webhook(b"\xff\xfe{}", "t=1,v1=00")

        assert refused.value.code == "bad_payload"


@pytest.mark.django_db
class TestReading:
    """R131: the shapes of basil and later."""

    def test_an_open_invoice_tells_what_is_owed_for_which_period(self):
        subscriber, invoice_id = make_failed_invoice()
        period = stripe_gateway.fetch_subscription(subscriber.subscription)

        invoice = stripe_gateway.fetch_invoice(invoice_id)

        assert (invoice.id, invoice.status, invoice.billing_reason) == (invoice_id, "open", "subscription_cycle")
        assert (invoice.customer_id, invoice.subscription_id) == (subscriber.customer, subscriber.subscription)
        assert (invoice.amount_due_cents, invoice.amount_remaining_cents, invoice.currency) == (19900, 19900, "usd")
        assert (invoice.attempted, invoice.attempt_count, invoice.paid_at) == (True, 1, None)
        assert (invoice.period_start, invoice.period_end) == (period.period_start, period.period_end)
        assert invoice.number.endswith("-0002")
        assert invoice.next_attempt_at is not None
        assert invoice.next_attempt_at - invoice.issued_at == timedelta(days=3)

    def test_the_period_is_the_subscriptions_also_when_something_else_is_billed_with_it(self):
        """Stripe lists pending items and prorations before the subscription's own line."""
        subscriber, invoice_id = make_failed_invoice()
        period = stripe_gateway.fetch_subscription(subscriber.subscription)
        body = store.get("invoice", invoice_id)
        own = body["lines"]["data"][0]
        began = own["period"]["start"] - 20 * 86400
        proration = deepcopy(own) | {"id": "il_proration", "period": {"start": began, "end": own["period"]["start"]}}
        proration["parent"]["subscription_item_details"]["proration"] = True
        cream = deepcopy(own) | {"id": "il_cream", "period": {"start": began, "end": began}}
        cream["parent"] = {
            "type": "invoice_item_details",
            "subscription_item_details": None,
            "invoice_item_details": {
                "invoice_item": "ii_cream",
                "proration": False,
                "proration_details": None,
                "subscription": subscriber.subscription,
            },
        }
        body["lines"]["data"] = [cream, proration, own]
        store.change(body)

        invoice = stripe_gateway.fetch_invoice(invoice_id)

        assert (invoice.period_start, invoice.period_end) == (period.period_start, period.period_end)

    def test_a_paid_invoice_tells_when(self):
        subscriber = make_subscriber()
        invoice_id = playing.renew(subscriber.subscription, now=clock.now())

        invoice = stripe_gateway.fetch_invoice(invoice_id)

        assert (invoice.status, invoice.amount_remaining_cents, invoice.next_attempt_at) == ("paid", 0, None)
        assert invoice.paid_at is not None
        assert invoice.paid_at.tzinfo == UTC

    def test_a_subscription_tells_price_period_and_state(self):
        subscriber = make_subscriber()

        facts = stripe_gateway.fetch_subscription(subscriber.subscription)

        assert (facts.id, facts.customer_id) == (subscriber.subscription, subscriber.customer)
        assert (facts.status, facts.price_id, facts.ended_at) == ("active", subscriber.price, None)
        assert facts.period_end == clock.months_later(facts.period_start, 1)
        assert (facts.cancel_at_period_end, facts.collection_paused, facts.resumes_at) == (False, False, None)
        assert facts.default_payment_method_id == ""

    def test_a_paused_subscription_tells_when_it_resumes(self):
        subscriber = make_subscriber()
        resumes = datetime(2027, 3, 1, tzinfo=UTC)
        sdk().subscriptions.update(
            subscriber.subscription,
            {"pause_collection": {"behavior": "void", "resumes_at": int(resumes.timestamp())}},
        )

        facts = stripe_gateway.fetch_subscription(subscriber.subscription)

        assert (facts.status, facts.collection_paused, facts.resumes_at) == ("active", True, resumes)

    def test_an_ended_subscription_tells_when_it_ended(self):
        subscriber = make_subscriber()
        sdk().subscriptions.cancel(subscriber.subscription)

        facts = stripe_gateway.fetch_subscription(subscriber.subscription)

        assert facts.status == "canceled"
        assert facts.ended_at is not None

    def test_the_customers_card_is_used_when_the_subscription_has_none(self):
        subscriber = make_subscriber()

        card = stripe_gateway.fetch_card(subscriber.subscription)

        assert card is not None
        assert (card.payment_method_id, card.brand, card.last4) == (subscriber.payment_method, "visa", "4242")
        assert card.exp_year > 2025

    def test_the_subscriptions_own_card_goes_before_the_customers(self):
        """R142."""
        subscriber = make_subscriber()
        own = sdk().payment_methods.attach("pm_card_mastercard", {"customer": subscriber.customer})
        sdk().subscriptions.update(subscriber.subscription, {"default_payment_method": own.id})

        card = stripe_gateway.fetch_card(subscriber.subscription)

        assert card is not None
        assert (card.payment_method_id, card.brand, card.last4) == (own.id, "mastercard", "4444")

    def test_no_card_is_none(self):
        subscriber = make_subscriber()
        sdk().customers.update(subscriber.customer, {"invoice_settings": {"default_payment_method": ""}})

        assert stripe_gateway.fetch_card(subscriber.subscription) is None

    @pytest.mark.parametrize(
        ("card", "code"),
        [
            ("fails_when_charged", "generic_decline"),
            ("insufficient_funds", "insufficient_funds"),
            ("lost_card", "lost_card"),
            ("expired_card", "expired_card"),  # Stripe sends no decline code here, its error code says it
        ],
    )
    def test_the_decline_code_is_found_on_the_invoices_payment(self, card, code):
        _, invoice_id = make_failed_invoice(card=card)

        assert stripe_gateway.decline_code(invoice_id) == code

    def test_a_paid_invoice_has_no_decline_code(self):
        subscriber, invoice_id = make_failed_invoice()
        playing.give_card(subscriber.customer, "visa", now=clock.now())
        stripe_gateway.pay_invoice(invoice_id, key="k")

        assert stripe_gateway.decline_code(invoice_id) == ""

    def test_open_invoices_come_oldest_first_and_paid_ones_not_at_all(self):
        subscriber = make_subscriber(card="insufficient_funds")
        now = clock.now()
        later = [playing.renew(subscriber.subscription, now=now + timedelta(days=40 * times)) for times in (0, 1)]

        found = stripe_gateway.open_invoices(subscriber.subscription)

        assert [invoice.id for invoice in found] == later

    def test_what_stripe_does_not_know_is_refused_with_its_code(self):
        with pytest.raises(StripeRefused) as refused:
            stripe_gateway.fetch_invoice("in_unknown")

        assert refused.value.code == "resource_missing"

    @pytest.mark.parametrize("status", [0, 401, 429, 500, 503])  # 401: our key was rolled and ours is the old one
    def test_an_outage_is_named_so_that_the_task_tries_again(self, status):
        with client.outage(status), pytest.raises(StripeUnavailable):
            stripe_gateway.fetch_invoice("in_any")


@pytest.mark.django_db
class TestWriting:
    def test_a_card_page_is_hosted_and_open(self):
        subscriber = make_subscriber()

        hosted = stripe_gateway.create_card_session(customer_id=subscriber.customer, key="k", **BACK)

        assert hosted.url == f"http://testserver/standin/checkout/{hosted.id}/"
        assert len(hosted.id) == 66  # as long as Stripe's: columns must hold it
        session = stripe_gateway.fetch_card_session(hosted.id)
        assert (session.complete, session.customer_id, session.payment_method_id) == (False, subscriber.customer, "")

    def test_a_double_click_opens_one_page(self):
        """R145."""
        subscriber = make_subscriber()

        first, second = (
            stripe_gateway.create_card_session(customer_id=subscriber.customer, key="click:1", **BACK) for _ in range(2)
        )

        assert first == second

    def test_a_finished_page_tells_the_new_card(self):
        subscriber = make_subscriber()
        hosted = stripe_gateway.create_card_session(customer_id=subscriber.customer, key="k", **BACK)
        sessions.choose(hosted.id, "mastercard", now=clock.now())

        session = stripe_gateway.fetch_card_session(hosted.id)

        assert session.complete
        assert session.payment_method_id.startswith("pm_")

    def test_a_new_card_is_set_on_customer_and_subscription(self):
        """R142: the failing card was the subscription's own."""
        subscriber, invoice_id = make_failed_invoice()
        good = sdk().payment_methods.attach("pm_card_mastercard", {"customer": subscriber.customer})

        for _ in range(2):
            stripe_gateway.set_default_card(
                customer_id=subscriber.customer,
                subscription_id=subscriber.subscription,
                payment_method_id=good.id,
                key="card:1",
            )
        paid = stripe_gateway.pay_invoice(invoice_id, key="pay:1")

        assert (paid.status, paid.amount_remaining_cents) == ("paid", 0)
        assert stripe_gateway.fetch_subscription(subscriber.subscription).default_payment_method_id == good.id
        assert sdk().customers.retrieve(subscriber.customer).invoice_settings.default_payment_method == good.id

    def test_a_declined_payment_has_a_sentence_for_the_patient_and_a_code_for_staff(self):
        """R140: lost and stolen are never said to the patient."""
        _, invoice_id = make_failed_invoice(card="stolen_card")

        with pytest.raises(CardDeclined) as declined:
            stripe_gateway.pay_invoice(invoice_id, key="pay:1")

        assert declined.value.message == "The card was declined. Please try another card."
        assert declined.value.decline_code == "stolen_card"
        assert isinstance(declined.value, Refused)

    def test_an_invoice_that_stripe_collected_meanwhile_counts_as_paid(self):
        subscriber, invoice_id = make_failed_invoice()
        playing.give_card(subscriber.customer, "visa", now=clock.now())
        playing.retry(invoice_id, now=clock.now())

        assert stripe_gateway.pay_invoice(invoice_id, key="late").status == "paid"

    def test_a_voided_invoice_cannot_be_paid(self):
        _, invoice_id = make_failed_invoice()
        sdk().invoices.void_invoice(invoice_id)

        with pytest.raises(StripeRefused):
            stripe_gateway.pay_invoice(invoice_id, key="k")

    def test_writes_carry_the_callers_keys_and_only_ids_and_settings(self):
        """R106, R145."""
        subscriber, invoice_id = make_failed_invoice()
        good = sdk().payment_methods.attach("pm_card_visa", {"customer": subscriber.customer})
        sent: list[str] = []
        watchers.exchanges.append(lambda exchange: sent.append(exchange.form))

        stripe_gateway.create_card_session(customer_id=subscriber.customer, key="row:1", **BACK)
        stripe_gateway.set_default_card(
            customer_id=subscriber.customer,
            subscription_id=subscriber.subscription,
            payment_method_id=good.id,
            key="row:2",
        )
        stripe_gateway.pay_invoice(invoice_id, key="row:3")

        watchers.exchanges.pop()
        assert {name for form in sent for name, _ in parse_qsl(form)} == {
            "mode",
            "currency",
            "customer",
            "success_url",
            "cancel_url",
            "invoice_settings[default_payment_method]",
            "default_payment_method",
        }
        keys = StandinReplay.objects.filter(key__startswith="row:").values_list("key", flat=True)
        assert set(keys) == {"row:1", "row:2:customer", "row:2:subscription", "row:3"}


class TestConnection:
    def test_without_a_key_only_the_demo_runs(self, settings):
        settings.DEMO = False

        with pytest.raises(ImproperlyConfigured, match="STRIPE_API_KEY"):
            stripe_gateway.fetch_invoice("in_any")

    def test_with_a_key_the_real_stripe_is_asked_with_a_time_limit_and_a_pinned_version(self, settings):
        """R130."""
        settings.STRIPE_API_KEY = "rk_test_1"

        requestor = connection.client()._requestor

        assert isinstance(requestor._client, stripe.RequestsClient)
        assert requestor._client._timeout == 10.0
        assert requestor._options.stripe_version == "2026-05-27.dahlia"
        assert requestor._options.api_key == "rk_test_1"
