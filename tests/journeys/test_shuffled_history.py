"""Stripe's events in any order, some of them twice: our rows end as they do after the ordered ones (R133)."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
import stripe
from django.db import transaction
from django.forms.models import model_to_dict
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from members import billing, holds, stripe_gateway
from members.models import CreditEntry, Dispute, Invoice, Membership, StandinObject, StripeEvent
from members.stripe_gateway import StripeRefused
from members.stripe_gateway.connection import client
from members.stripe_standin import disputes, playing, store
from members.stripe_standin.problems import Problem
from tests.doubles.subscribed import subscribed_member
from tests.factories import NOON

pytestmark = [pytest.mark.django_db, pytest.mark.billing_time]

DAY = timedelta(days=1)
AFTER = NOON + 200 * DAY


@dataclass(frozen=True)
class Stripe:
    """The member's things at Stripe just before something happens there."""

    customer: str
    subscription: str
    when: datetime

    def renewal(self, card: str) -> None:
        playing.give_card(self.customer, card, now=self.when)
        playing.renew(self.subscription, now=self.when)

    @property
    def owed(self) -> str:
        return stripe_gateway.open_invoices(self.subscription)[0].id

    @property
    def paid(self) -> str:
        return StandinObject.objects.filter(kind="invoice", parent=self.subscription, body__status="paid")[0].pk

    @property
    def dispute(self) -> str:
        return StandinObject.objects.filter(kind="dispute", body__status="needs_response")[0].pk

    @property
    def card(self) -> str:
        return str(store.every("payment_method", customer=self.customer)[0]["id"])

    @property
    def named(self) -> dict[str, str]:
        return {"subscription_id": self.subscription, "key": str(self.when)}

    @property
    def period_end(self) -> datetime:
        return stripe_gateway.fetch_subscription(self.subscription).period_end


ACTS: dict[str, Callable[[Stripe], object]] = {
    "renewal paid": lambda at: at.renewal("visa"),
    "renewal failed": lambda at: at.renewal("insufficient_funds"),
    "renewal failed for good": lambda at: at.renewal("lost_card"),
    "renewal to be confirmed": lambda at: at.renewal("authentication_required"),
    "retry": lambda at: playing.retry(at.owed, now=at.when),
    "confirmed at the bank": lambda at: playing.confirm(at.owed, now=at.when),
    "voided": lambda at: stripe_gateway.void_invoice(at.owed, key=str(at.when)),
    "given up": lambda at: client().v1.invoices.mark_uncollectible(at.owed),
    "new card": lambda at: playing.give_card(at.customer, "mastercard", now=at.when),
    "card taken off": lambda at: client().v1.payment_methods.detach(at.card),
    "network renews card": lambda at: playing.renew_card(at.customer, now=at.when),
    "dispute": lambda at: disputes.open_dispute(at.paid, now=at.when),
    "dispute won": lambda at: disputes.close_dispute(at.dispute, won=True, now=at.when),
    "dispute lost": lambda at: disputes.close_dispute(at.dispute, won=False, now=at.when),
    "refund": lambda at: disputes.refund(at.paid, now=at.when),
    "pause": lambda at: stripe_gateway.pause(resumes_at=None, **at.named),
    "resume": lambda at: stripe_gateway.resume(**at.named),
    "cancel": lambda at: stripe_gateway.cancel_at(at=at.period_end, **at.named),
    "keep": lambda at: stripe_gateway.keep_going(**at.named),
}
# What is impossible just then does not happen: nothing is owed, paid or disputed, or the subscription has ended.
IMPOSSIBLE = (IndexError, StripeRefused, Problem, stripe.StripeError)


def deliver(events: list[dict[str, Any]]) -> None:
    for event in events:
        if stored := billing.record(event=event, now=AFTER):
            billing.apply(stored.pk, now=AFTER)


def state(member: Membership) -> dict[str, Any]:
    """Every row of ours that Stripe's events move."""
    member.refresh_from_db()
    return {
        "membership": model_to_dict(member),
        "invoices": [model_to_dict(each, exclude=["id"]) for each in Invoice.objects.order_by("stripe_id")],
        "credits": sorted(CreditEntry.objects.values_list("key", "quantity")),
        "disputes": [model_to_dict(each, exclude=["id", "invoice"]) for each in Dispute.objects.order_by("stripe_id")],
        "holds": holds.open_kinds(member.patient.phone),
        "unapplied": list(StripeEvent.objects.filter(state__in=["stored", "failed"]).values_list("type", "error")),
    }


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(acts=st.lists(st.sampled_from(list(ACTS)), min_size=1, max_size=5), seed=st.integers(0, 2**32))
def test_any_shuffle_and_duplication_ends_in_the_same_state(acts, seed):
    with transaction.atomic():
        member = subscribed_member()
        for number, what in enumerate(acts, start=1):
            at = Stripe(member.stripe_customer_id, str(member.stripe_subscription_id), NOON + number * 31 * DAY)
            with suppress(*IMPOSSIBLE):
                ACTS[what](at)
        events = [row.body for row in StandinObject.objects.filter(kind="event").order_by("created_at", "pk")]
        dice = Random(seed)
        shuffled = events + dice.choices(events, k=min(4, len(events)))
        dice.shuffle(shuffled)

        with transaction.atomic():
            deliver(events)
            ordered = state(member)
            transaction.set_rollback(True)
        deliver(shuffled)
        in_disorder = state(member)
        transaction.set_rollback(True)

    assert in_disorder == ordered
    assert ordered["unapplied"] == []
