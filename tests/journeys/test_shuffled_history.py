"""Stripe's events in any order, some of them twice: our rows end as they do after the ordered ones (R133)."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.forms.models import model_to_dict
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from members import billing, holds, stripe_gateway
from members.models import CreditEntry, Dispute, Invoice, Membership, StandinObject, StripeEvent
from members.stripe_standin import disputes, playing
from tests.doubles.subscribed import subscribed_member
from tests.factories import NOON

pytestmark = [pytest.mark.django_db, pytest.mark.billing_time]

DAY = timedelta(days=1)
AFTER = NOON + 200 * DAY
_ACTS = ("renewal paid", "renewal failed", "retry", "new card", "network renews card", "dispute", "dispute won")
_ACTS += ("refund", "pause", "resume")


def act(what: str, member: Membership, when: Any) -> None:
    """One thing that happens at Stripe; what is impossible just then does not happen."""
    customer, subscription = member.stripe_customer_id, str(member.stripe_subscription_id)
    paid = StandinObject.objects.filter(kind="invoice", parent=subscription, body__status="paid").last()
    open_ones = stripe_gateway.open_invoices(subscription)
    open_dispute = StandinObject.objects.filter(kind="dispute", body__status="needs_response").first()
    if what.startswith("renewal"):
        playing.give_card(customer, "visa" if what == "renewal paid" else "insufficient_funds", now=when)
        playing.renew(subscription, now=when)
    elif what == "retry" and open_ones:
        playing.retry(open_ones[0].id, now=when)
    elif what == "new card":
        playing.give_card(customer, "mastercard", now=when)
    elif what == "network renews card":
        playing.renew_card(customer, now=when)
    elif what == "dispute" and paid and not open_dispute:
        disputes.open_dispute(paid.pk, now=when)
    elif what == "dispute won" and open_dispute:
        disputes.close_dispute(open_dispute.pk, won=True, now=when)
    elif what == "refund" and paid:
        disputes.refund(paid.pk, now=when)
    elif what == "pause":
        stripe_gateway.pause(subscription_id=subscription, resumes_at=None, key=f"pause:{when}")
    elif what == "resume":
        stripe_gateway.resume(subscription_id=subscription, key=f"resume:{when}")


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


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(acts=st.lists(st.sampled_from(_ACTS), min_size=1, max_size=4), data=st.data())
def test_any_shuffle_and_duplication_ends_in_the_same_state(acts, data):
    with transaction.atomic():
        member = subscribed_member()
        for number, what in enumerate(acts, start=1):
            act(what, member, NOON + number * 31 * DAY)
        events = [row.body for row in StandinObject.objects.filter(kind="event").order_by("created_at", "pk")]
        twice = data.draw(st.lists(st.sampled_from(events), max_size=4)) if events else []
        shuffled = data.draw(st.permutations([*events, *twice]))

        with transaction.atomic():
            deliver(events)
            ordered = state(member)
            transaction.set_rollback(True)
        deliver(shuffled)
        in_disorder = state(member)
        transaction.set_rollback(True)

    assert in_disorder == ordered
    assert ordered["unapplied"] == []
