"""Every event that Stripe sends about our members (R136): what it changes, and what becomes of the ones that fail."""

from datetime import timedelta

import pytest

from common.errors import Refused
from members import billing, stripe_gateway
from members.models import AuditEntry, Escalation, Invoice, Membership, StripeEvent
from members.stripe_standin import client, playing, store
from tests import factories
from tests.doubles.events import stored
from tests.doubles.stripe_account import sdk
from tests.doubles.subscribed import subscribed_member
from tests.factories import NOON

pytestmark = pytest.mark.django_db

R136 = [
    "invoice.upcoming",
    "invoice.created",
    "invoice.finalized",
    "invoice.payment_failed",
    "invoice.payment_action_required",
    "invoice.paid",
    "invoice.voided",
    "invoice.marked_uncollectible",
    "customer.subscription.created",
    "customer.subscription.updated",
    "customer.subscription.paused",
    "customer.subscription.resumed",
    "customer.subscription.deleted",
    "payment_method.attached",
    "payment_method.automatically_updated",
    "payment_method.detached",
    "setup_intent.succeeded",
    "checkout.session.completed",
    "customer.source.expiring",
    "charge.dispute.created",
    "charge.dispute.closed",
    "charge.refunded",
    "customer.updated",
]


def apply(event: StripeEvent, *, now=NOON) -> StripeEvent:
    billing.apply(event.pk, now=now)
    event.refresh_from_db()
    return event


@pytest.mark.parametrize("kind", R136)
def test_every_event_of_the_list_is_acted_on(kind):
    """R136."""
    assert stored(kind, "x_1").state == "stored"


class TestCards:
    def test_a_card_that_the_network_renewed_is_shown_with_its_new_date(self):
        membership = subscribed_member(card_last4="4242", card_exp_month=6, card_exp_year=2026)
        card = playing.renew_card(membership.stripe_customer_id, now=NOON)

        done = apply(stored("payment_method.automatically_updated", card, customer=membership.stripe_customer_id))

        membership.refresh_from_db()
        assert done.state == "applied"
        assert membership.card_exp_year == 2033

    @pytest.mark.parametrize("kind", ["payment_method.attached", "setup_intent.succeeded", "invoice.upcoming"])
    def test_whatever_names_the_customer_brings_the_card_up_to_date(self, kind):
        membership = subscribed_member(card_last4="0000")

        apply(stored(kind, "x_1", customer=membership.stripe_customer_id))

        membership.refresh_from_db()
        assert (membership.card_brand, membership.card_last4) == ("visa", "4242")

    def test_a_card_taken_off_at_stripe_is_told_to_a_person(self):
        membership = subscribed_member(card_last4="4242", card_brand="visa")
        card = f"pm_{membership.stripe_customer_id}"
        sdk().payment_methods.detach(card)
        event = stored("payment_method.detached", card, customer=None)
        event.payload["data"]["previous_attributes"] = {"customer": membership.stripe_customer_id}
        event.save()

        assert apply(event).state == "applied"

        membership.refresh_from_db()
        assert (membership.card_last4, membership.card_exp_year) == ("", None)
        assert "the next charge will fail" in Escalation.objects.get(reason="payment").summary

    def test_a_card_of_a_stranger_is_unmatched(self):
        factories.make_membership(stripe_customer_id="", stripe_subscription_id=None)

        assert apply(stored("payment_method.attached", "pm_1", customer="")).state == "unmatched"
        assert apply(stored("payment_method.detached", "pm_1", customer=None)).state == "unmatched"


class TestInvoices:
    def test_an_invoice_that_the_bank_wants_confirmed_says_so_to_staff(self):
        """3-D Secure: the decline is no fault of the card."""
        membership = subscribed_member()
        playing.give_card(membership.stripe_customer_id, "authentication_required", now=NOON)
        invoice_id = playing.renew(str(membership.stripe_subscription_id), now=NOON)

        apply(stored("invoice.payment_action_required", invoice_id))

        invoice = Invoice.objects.get(stripe_id=invoice_id)
        assert (invoice.status, invoice.decline_code) == ("open", "authentication_required")

    def test_an_invoice_that_is_written_off_settles_the_failure(self):
        membership = subscribed_member()
        playing.give_card(membership.stripe_customer_id, "lost_card", now=NOON)
        invoice_id = playing.renew(str(membership.stripe_subscription_id), now=NOON)
        apply(stored("invoice.payment_failed", invoice_id))
        sdk().invoices.mark_uncollectible(invoice_id)

        apply(stored("invoice.marked_uncollectible", invoice_id))

        invoice = Invoice.objects.get(stripe_id=invoice_id)
        assert invoice.status == "uncollectible"
        assert [change.kind for change in membership.billing_changes.all()] == ["payment_failed", "payment_settled"]

    def test_a_paused_subscription_is_paused_here_too(self):
        membership = subscribed_member()
        subscription = store.get("subscription", str(membership.stripe_subscription_id))
        store.change({**subscription, "pause_collection": {"behavior": "void", "resumes_at": None}})

        apply(stored("customer.subscription.paused", subscription["id"]))

        membership.refresh_from_db()
        assert membership.status == Membership.Status.PAUSED


class TestReplaying:
    @pytest.mark.parametrize("state", ["failed", "quarantined", "unmatched"])
    def test_an_event_that_came_to_nothing_can_be_replayed(self, state):
        membership = subscribed_member()
        event = stored("customer.subscription.updated", str(membership.stripe_subscription_id))
        StripeEvent.objects.filter(pk=event.pk).update(state=state, attempts=8, error="ValueError: odd")

        billing.replay(event=event, by=factories.make_staff(), now=NOON)

        assert apply(event).state == "applied"
        assert (event.error, event.attempts) == ("", 1)
        assert AuditEntry.objects.get(action="stripe_event.replayed").actor.startswith("staff:")

    @pytest.mark.parametrize("state", ["applied", "stored", "ignored"])
    def test_an_event_that_needs_no_replay_is_refused(self, state):
        event = stored("invoice.paid", "in_1")
        StripeEvent.objects.filter(pk=event.pk).update(state=state)

        with pytest.raises(Refused) as refused:
            billing.replay(event=event, by=None, now=NOON)

        assert refused.value.code == "not_replayable"


class TestOutages:
    def test_an_outage_of_hours_uses_up_no_event(self):
        """R146: tried with growing distance, and still tried after the eighth time."""
        membership = subscribed_member()
        event, when = stored("customer.subscription.updated", str(membership.stripe_subscription_id)), NOON
        with client.outage(429):
            for _ in range(billing.MAX_ATTEMPTS + 4):
                apply(event, now=when)
                when += timedelta(hours=2)

        assert not Escalation.objects.exists()
        assert apply(event, now=when).state == "applied"

    def test_after_three_days_a_person_is_told(self):
        event, when = stored("invoice.paid", "in_1"), NOON
        with client.outage(0):
            for _ in range(billing.MAX_ATTEMPTS + 1):
                apply(event, now=when)
                when += timedelta(hours=11)

        assert Escalation.objects.get().subject == f"event:{event.stripe_id}"

    def test_events_that_failed_together_are_not_all_tried_at_once(self):
        """Jitter."""
        with client.outage(429):
            waits = {apply(stored("invoice.paid", f"in_{number}")).leased_until for number in range(5)}

        assert len(waits) > 1
        assert all(NOON + timedelta(seconds=30) <= wait <= NOON + timedelta(seconds=45) for wait in waits)


def test_a_card_that_is_heard_of_a_day_late_is_neither_set_nor_charged(monkeypatch):
    """The first comparison with Stripe brings the sessions of a month."""
    membership = subscribed_member()
    session = stripe_gateway.CardSession(
        id="cs_old", created_at=NOON - timedelta(days=9), complete=True,
        customer_id=membership.stripe_customer_id, payment_method_id="pm_old",
    )  # fmt: skip
    monkeypatch.setattr(stripe_gateway, "fetch_card_session", lambda _: session)

    event = apply(stored("checkout.session.completed", "cs_old"))

    assert event.state == "applied"
    assert "a day late" in Escalation.objects.get().summary
    assert not AuditEntry.objects.filter(action="card.updated").exists()
