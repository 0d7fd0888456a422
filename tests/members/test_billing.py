"""Stripe's events: stored once, applied from the live object, never by order."""

import json
from datetime import timedelta

import pytest
import stripe
from django.test import Client
from django_q.models import OrmQ

from common import doors
from members import billing, credits, stripe_gateway
from members.models import (
    AuditEntry,
    BillingChange,
    Escalation,
    Invoice,
    Membership,
    PlanVersion,
    StandinObject,
    StripeEvent,
)
from members.stripe_standin import client as client_of_stripe
from members.stripe_standin import playing, store
from tests import factories
from tests.doubles.subscribed import subscribed_member
from tests.factories import NOON

pytestmark = pytest.mark.django_db


def post(client: Client, body: str | bytes, *, secret: str = "whsec_demo", signature: str | None = None) -> int:
    text = body.decode("latin-1") if isinstance(body, bytes) else body
    signature = signature or stripe.WebhookSignature.generate_signature_header(text, secret)
    answer = client.post(
        doors.STRIPE_WEBHOOK, body, content_type="application/json", headers={"Stripe-Signature": signature}
    )
    return answer.status_code


def event(kind: str, object_id: str, *, ident: str = "evt_1", version: str = "2026-05-27.dahlia") -> dict:
    return {
        "id": ident,
        "object": "event",
        "type": kind,
        "api_version": version,
        "livemode": False,
        "created": 1780000000,
        "data": {"object": {"id": object_id, "object": kind.split(".")[0]}},
    }


def stored(kind: str, object_id: str, **fields) -> StripeEvent:
    made = billing.record(event=event(kind, object_id, **fields), now=NOON)
    assert made is not None
    return made


def failed_renewal(membership: Membership, card: str = "insufficient_funds") -> str:
    playing.give_card(membership.stripe_customer_id, card, now=NOON)
    return playing.renew(str(membership.stripe_subscription_id), now=NOON)


def good_renewal(membership: Membership) -> str:
    playing.give_card(membership.stripe_customer_id, "visa", now=NOON)
    return playing.renew(str(membership.stripe_subscription_id), now=NOON)


class TestTheDoor:
    @pytest.mark.parametrize("kind", ["invoice.paid", "invoice.created"])
    def test_a_signed_event_is_stored_and_queued_at_once(self, client, kind):
        """R135: the answer waits for nothing, least of all for Stripe."""
        OrmQ.objects.all().delete()

        with client_of_stripe.outage(503):
            assert post(client, json.dumps(event(kind, "in_1"))) == 200

        assert StripeEvent.objects.get().state == "stored"
        assert OrmQ.objects.count() == 1

    def test_the_same_event_again_is_answered_200_and_queued_once(self, client):
        """R133."""
        OrmQ.objects.all().delete()
        for _ in range(3):
            assert post(client, json.dumps(event("invoice.paid", "in_1"))) == 200

        assert StripeEvent.objects.count() == 1
        assert OrmQ.objects.count() == 1

    @pytest.mark.parametrize("signature", ["", "t=1,v1=00", "garbage", "t=99999999999,v1=abc"])
    def test_an_unsigned_event_is_refused_and_not_stored(self, client, signature):
        """R132."""
        body = json.dumps(event("invoice.paid", "in_1"))

        assert post(client, body, signature=signature or "none") == 400

        assert not StripeEvent.objects.exists()

    def test_another_secret_is_refused(self, client):
        assert post(client, json.dumps(event("invoice.paid", "in_1")), secret="whsec_other") == 400

    @pytest.mark.parametrize(
        "body",
        ["", "[]", "7", "null", "{}", '{"id": 3, "type": "x"}', '{"id": "evt_1"}', "{bad", '"text"', "\u0000"],
    )
    def test_odd_json_is_refused_and_never_a_500(self, client, body):
        assert post(client, body) == 400

        assert not StripeEvent.objects.exists()

    @pytest.mark.parametrize("data", [None, [], "x", {"object": None}, {"object": {"id": 7}}])
    def test_an_event_with_an_odd_object_is_stored_for_people_to_see(self, client, data):
        odd = {**event("invoice.paid", "in_1"), "data": data}

        assert post(client, json.dumps(odd)) == 200

        assert StripeEvent.objects.get().object_id == ""

    def test_an_unknown_type_is_stored_and_not_queued(self, client):
        OrmQ.objects.all().delete()

        assert post(client, json.dumps(event("radar.early_fraud_warning.created", "x"))) == 200

        assert StripeEvent.objects.get().state == "ignored"
        assert not OrmQ.objects.exists()

    def test_another_api_version_is_quarantined(self, client):
        """R130."""
        assert post(client, json.dumps(event("invoice.paid", "in_1", version="2020-08-27"))) == 200

        assert StripeEvent.objects.get().state == "quarantined"

    def test_other_versions_are_told_to_a_person_once(self, client):
        """R130: quarantined events change nothing, so somebody must set the endpoint's version right."""
        for number in range(3):
            body = json.dumps({**event("invoice.paid", "in_1", version="2020-08-27"), "id": f"evt_{number}"})
            assert post(client, body) == 200

        case = Escalation.objects.get()
        assert case.reason == "billing_sync"
        assert "2020-08-27" in case.summary

    def test_only_post_is_answered(self, client):
        assert client.get(doors.STRIPE_WEBHOOK).status_code == 405


class TestApplying:
    def test_a_failed_payment_makes_the_member_past_due_and_states_the_fact(self):
        membership = subscribed_member()
        invoice_id = failed_renewal(membership)

        billing.apply(stored("invoice.payment_failed", invoice_id).pk, now=NOON)

        membership.refresh_from_db()
        invoice = Invoice.objects.get(stripe_id=invoice_id)
        assert membership.status == Membership.Status.PAST_DUE
        assert membership.past_due_since == NOON
        assert (invoice.status, invoice.decline_code, invoice.first_failed_at) == ("open", "insufficient_funds", NOON)
        assert BillingChange.objects.get().kind == "payment_failed"
        assert AuditEntry.objects.filter(action="membership.past_due", actor="stripe").count() == 1

    def test_a_paid_period_grants_the_plans_benefits_once(self):
        membership = subscribed_member()
        invoice_id = good_renewal(membership)

        for number in range(3):
            billing.apply(stored("invoice.paid", invoice_id, ident=f"evt_{number}").pk, now=NOON)

        assert credits.balance(membership, at=NOON) == 1
        assert not BillingChange.objects.exists()

    def test_a_failed_payment_grants_nothing(self):
        membership = subscribed_member()

        billing.apply(stored("invoice.payment_failed", failed_renewal(membership)).pk, now=NOON)

        assert credits.balance(membership, at=NOON) == 0

    def test_the_payment_of_a_failed_invoice_settles_it(self):
        membership = subscribed_member()
        invoice_id = failed_renewal(membership)
        billing.apply(stored("invoice.payment_failed", invoice_id).pk, now=NOON)
        playing.give_card(membership.stripe_customer_id, "visa", now=NOON)
        stripe_gateway.pay_invoice(invoice_id, key="by-hand")

        billing.apply(stored("invoice.paid", invoice_id, ident="evt_2").pk, now=NOON + timedelta(hours=1))

        membership.refresh_from_db()
        kinds = list(BillingChange.objects.order_by("pk").values_list("kind", flat=True))
        assert membership.status == Membership.Status.ACTIVE
        assert membership.past_due_since is None
        assert kinds == ["payment_failed", "payment_settled"]

    def test_an_answer_fetched_before_the_last_one_applied_is_dropped(self, monkeypatch):
        """The slow task: it asked while the invoice was open and comes to write after the payment was applied."""
        membership = subscribed_member()
        invoice_id = failed_renewal(membership)
        old_invoice = stripe_gateway.fetch_invoice(invoice_id)
        old_subscription = stripe_gateway.fetch_with_card(str(membership.stripe_subscription_id))
        playing.give_card(membership.stripe_customer_id, "visa", now=NOON)
        stripe_gateway.pay_invoice(invoice_id, key="by-hand")
        billing.apply(stored("invoice.paid", invoice_id, ident="evt_2").pk, now=NOON + timedelta(seconds=2))

        monkeypatch.setattr(stripe_gateway, "fetch_invoice", lambda _: old_invoice)
        monkeypatch.setattr(stripe_gateway, "fetch_with_card", lambda _: old_subscription)
        billing.apply(stored("invoice.payment_failed", invoice_id).pk, now=NOON + timedelta(seconds=1))

        membership.refresh_from_db()
        assert membership.status == Membership.Status.ACTIVE
        assert Invoice.objects.get(stripe_id=invoice_id).status == "paid"
        assert not BillingChange.objects.exists()

    def test_a_stale_answer_about_an_open_invoice_is_asked_for_again(self):
        """The neighbour's answer was newer, but it was about the subscription only."""
        membership = subscribed_member()
        invoice_id = failed_renewal(membership)
        billing.apply(stored("invoice.payment_failed", invoice_id).pk, now=NOON)
        playing.retry(invoice_id, now=NOON)
        again = stored("invoice.payment_failed", invoice_id, ident="evt_2")
        neighbour = stored("customer.subscription.updated", str(membership.stripe_subscription_id), ident="evt_3")

        billing.apply(neighbour.pk, now=NOON + timedelta(seconds=2))
        billing.apply(again.pk, now=NOON + timedelta(seconds=1))
        billing.apply_waiting(now=NOON + timedelta(minutes=1))

        again.refresh_from_db()
        assert again.state == "applied"
        assert Invoice.objects.get(stripe_id=invoice_id).attempt_count == 2
        assert BillingChange.objects.filter(kind="payment_failed").count() == 2

    def test_an_event_is_applied_once_however_often_its_task_runs(self):
        membership = subscribed_member()
        failure = stored("invoice.payment_failed", failed_renewal(membership))

        for _ in range(3):
            billing.apply(failure.pk, now=NOON)

        failure.refresh_from_db()
        assert failure.attempts == 1
        assert BillingChange.objects.count() == 1

    def test_stripes_next_failed_attempt_is_a_second_fact(self):
        membership = subscribed_member()
        invoice_id = failed_renewal(membership)
        billing.apply(stored("invoice.payment_failed", invoice_id).pk, now=NOON)
        assert not playing.retry(invoice_id, now=NOON)

        billing.apply(stored("invoice.payment_failed", invoice_id, ident="evt_2").pk, now=NOON)

        assert BillingChange.objects.filter(kind="payment_failed").count() == 2

    def test_a_subscription_of_nobody_here_is_kept_as_unmatched(self):
        stranger = subscribed_member()
        invoice_id = good_renewal(stranger)
        Membership.objects.filter(pk=stranger.pk).update(stripe_subscription_id="sub_other")

        kept = stored("invoice.paid", invoice_id)
        billing.apply(kept.pk, now=NOON)

        kept.refresh_from_db()
        assert kept.state == "unmatched"

    def test_an_invoice_without_a_subscription_is_not_taken_for_a_member_without_one(self):
        """A one-off sale at the desk; a member who is not at Stripe yet has no subscription id either."""
        not_at_stripe = factories.make_membership(stripe_subscription_id=None, stripe_customer_id="")
        invoice_id = good_renewal(subscribed_member())
        store.change({**store.get("invoice", invoice_id), "parent": None})

        kept = stored("invoice.paid", invoice_id)
        billing.apply(kept.pk, now=NOON)

        kept.refresh_from_db()
        assert kept.state == "unmatched"
        assert not not_at_stripe.invoices.exists()

    def test_a_price_of_no_plan_is_told_to_a_person(self):
        membership = subscribed_member()
        PlanVersion.objects.update(stripe_price_id="")

        billing.apply(stored("invoice.paid", good_renewal(membership)).pk, now=NOON)

        assert "belongs to no plan here" in Escalation.objects.get(reason="billing_sync").summary

    def test_a_change_of_price_at_stripe_moves_the_plan(self):
        membership = subscribed_member()
        price = membership.plan_version.stripe_price_id
        PlanVersion.objects.update(stripe_price_id="price_old")
        luxe = factories.make_plan("Luxe", tier=3, stripe_price_id=price)

        billing.apply(stored("customer.subscription.updated", str(membership.stripe_subscription_id)).pk, now=NOON)

        membership.refresh_from_db()
        assert membership.plan == luxe


class TestWhenItFails:
    def lost(self, object_id: str = "in_missing", ident: str = "evt_1") -> StripeEvent:
        return stored("invoice.paid", object_id, ident=ident)

    def test_the_error_is_kept_and_the_tick_tries_again(self):
        kept = self.lost()

        billing.apply(kept.pk, now=NOON)

        kept.refresh_from_db()
        assert kept.state == "failed"
        assert "in_missing" in kept.error
        assert billing.apply_waiting(now=NOON + timedelta(seconds=10)) == 0  # backing off
        assert billing.apply_waiting(now=NOON + timedelta(minutes=5)) == 1

    def test_after_the_last_try_a_person_is_told_and_no_more_is_tried(self):
        kept, when = self.lost(), NOON
        for _ in range(billing.MAX_ATTEMPTS + 2):
            billing.apply(kept.pk, now=when)
            when += timedelta(hours=2)

        kept.refresh_from_db()
        assert kept.attempts == billing.MAX_ATTEMPTS
        assert Escalation.objects.get().subject == "event:evt_1"

    def test_a_task_that_always_kills_its_worker_is_told_to_a_person_once(self):
        """No failure is noted by a killed worker: the event only stays leased, with its tries used up."""
        kept = self.lost()
        StripeEvent.objects.update(attempts=billing.MAX_ATTEMPTS, leased_until=NOON)

        billing.apply_waiting(now=NOON - timedelta(seconds=1))
        assert not Escalation.objects.exists()  # it may still be at work
        for minutes in (1, 2, 3):
            billing.apply_waiting(now=NOON + timedelta(minutes=minutes))

        kept.refresh_from_db()
        assert (kept.state, kept.attempts) == ("failed", billing.MAX_ATTEMPTS)
        assert Escalation.objects.get().last_raised_at == NOON + timedelta(minutes=1)

    def test_a_leased_event_is_left_to_the_worker_that_has_it(self):
        kept = self.lost()
        StripeEvent.objects.update(leased_until=NOON + timedelta(minutes=1))

        billing.apply(kept.pk, now=NOON)

        kept.refresh_from_db()
        assert kept.attempts == 0

    def test_a_lost_task_is_caught_by_the_tick(self):
        membership = subscribed_member()
        stored("invoice.payment_failed", failed_renewal(membership))

        assert billing.apply_waiting(now=NOON + timedelta(minutes=1)) == 1

        membership.refresh_from_db()
        assert membership.status == Membership.Status.PAST_DUE


def test_no_event_body_holds_more_than_stripe_sent():
    """R106: what we sent to Stripe holds no treatment and no name of a service."""
    membership = subscribed_member()
    good_renewal(membership)

    everything = json.dumps([thing.body for thing in StandinObject.objects.all()]).lower()

    assert "facial" not in everything
