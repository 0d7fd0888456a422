"""Writes that move a subscription through its life. `key` is made from our own row (R145).

Each returns the subscription as Stripe has it after the act, and raises what the package names.
"""

from datetime import datetime
from typing import TYPE_CHECKING

from members.stripe_gateway.connection import StripeRefused, client, errors_named
from members.stripe_gateway.facts import SubscriptionFacts, id_of, subscription_facts
from members.stripe_gateway.reading import fetch_invoice

if TYPE_CHECKING:
    from stripe.params import SubscriptionScheduleUpdateParamsPhase, SubscriptionUpdateParams


def create_subscription(*, customer_id: str, price_id: str, membership_id: int, key: str) -> SubscriptionFacts:
    """Charge the first period now. Raises CardDeclined; then there is no subscription."""
    with errors_named():
        found = client().v1.subscriptions.create(
            {
                "customer": customer_id,
                "items": [{"price": price_id}],
                "payment_behavior": "error_if_incomplete",
                "metadata": {"membership": str(membership_id)},
            },
            {"idempotency_key": key},
        )
    return subscription_facts(found)


def change_price(*, subscription_id: str, price_id: str, prorated_at: datetime, key: str) -> SubscriptionFacts:
    """Another price now, the difference charged at once. Raises CardDeclined; then nothing changed (R150)."""
    with errors_named():
        item = client().v1.subscriptions.retrieve(subscription_id).items.data[0]
        found = client().v1.subscriptions.update(
            subscription_id,
            {
                "items": [{"id": item.id, "price": price_id}],
                "proration_behavior": "always_invoice",
                "proration_date": int(prorated_at.timestamp()),
                "payment_behavior": "error_if_incomplete",
            },
            {"idempotency_key": key},
        )
    return subscription_facts(found)


def schedule_price(*, subscription_id: str, price_id: str, key: str) -> SubscriptionFacts:
    """Another price from the next period on; nothing is charged or credited now."""
    return _follow_present(
        [{"items": [{"price": price_id}], "proration_behavior": "none"}], subscription_id=subscription_id, key=key
    )


def reduce_price(
    *, subscription_id: str, price_id: str, reduced_price_id: str, months: int, key: str
) -> SubscriptionFacts:
    """The reduced price for so many periods from the next one on, then `price_id` again by itself. Monthly prices."""
    following: list[SubscriptionScheduleUpdateParamsPhase] = [
        {
            "items": [{"price": price}],
            "duration": {"interval": "month", "interval_count": count},
            "proration_behavior": "none",
        }
        for price, count in ((reduced_price_id, months), (price_id, 1))
    ]
    return _follow_present(following, subscription_id=subscription_id, key=key)


def _follow_present(
    following: "list[SubscriptionScheduleUpdateParamsPhase]", *, subscription_id: str, key: str
) -> SubscriptionFacts:
    """Put phases after the present one, which Stripe wants repeated as it is, in the subscription's schedule."""
    schedules = client().v1.subscription_schedules
    with errors_named():
        found = client().v1.subscriptions.retrieve(subscription_id)
        schedule = (
            schedules.retrieve(id_of(found.schedule))
            if found.schedule
            else schedules.create({"from_subscription": subscription_id}, {"idempotency_key": f"{key}:schedule"})
        )
        present = schedule.phases[0]
        as_it_is: SubscriptionScheduleUpdateParamsPhase = {
            "items": [{"price": id_of(present.items[0].price)}],
            "start_date": present.start_date,
            "end_date": present.end_date,
        }
        schedules.update(
            schedule.id,
            {"end_behavior": "release", "phases": [as_it_is, *following]},
            {"idempotency_key": f"{key}:phases"},
        )
        return subscription_facts(client().v1.subscriptions.retrieve(subscription_id))


def restore_price(*, subscription_id: str, price_id: str, key: str) -> SubscriptionFacts:
    """End a reduced price: the next payment is `price_id`'s. Nothing is charged or credited now."""
    found = keep_price(subscription_id=subscription_id, key=key)
    if found.price_id == price_id:
        return found
    with errors_named():
        updated = client().v1.subscriptions.update(
            subscription_id,
            {"items": [{"id": found.item_id, "price": price_id}], "proration_behavior": "none"},
            {"idempotency_key": f"{key}:restore"},
        )
    return subscription_facts(updated)


def keep_price(*, subscription_id: str, key: str) -> SubscriptionFacts:
    """Drop a scheduled price, if there is one: a schedule also forbids most other changes."""
    with errors_named():
        found = client().v1.subscriptions.retrieve(subscription_id)
        if found.schedule:
            schedule_id = id_of(found.schedule)
            client().v1.subscription_schedules.release(
                schedule_id, {}, {"idempotency_key": f"{key}:release:{schedule_id}"}
            )
            found = client().v1.subscriptions.retrieve(subscription_id)
    return subscription_facts(found)


def pause(*, subscription_id: str, resumes_at: datetime | None, key: str) -> SubscriptionFacts:
    """No charge until then (None: until resumed): invoices of the pause are voided, the status stays."""
    with errors_named():
        found = client().v1.subscriptions.update(
            subscription_id,
            {
                "pause_collection": {"behavior": "void", "resumes_at": int(resumes_at.timestamp())}
                if resumes_at
                else {"behavior": "void"}
            },
            {"idempotency_key": key},
        )
    return subscription_facts(found)


def resume(*, subscription_id: str, key: str) -> SubscriptionFacts:
    """End a pause; the next charge is the one of the next period."""
    with errors_named():
        found = client().v1.subscriptions.update(subscription_id, {"pause_collection": ""}, {"idempotency_key": key})
    return subscription_facts(found)


def cancel_at(*, subscription_id: str, at: datetime, key: str) -> SubscriptionFacts:
    """End it at the end of a period, the present one or a later one (a minimum term)."""
    with errors_named():
        found = client().v1.subscriptions.retrieve(subscription_id)
        moment = int(at.timestamp())
        wanted: SubscriptionUpdateParams = (
            {"cancel_at_period_end": True}
            if moment == found.items.data[0].current_period_end
            else {"cancel_at": moment, "proration_behavior": "none"}
        )
        found = client().v1.subscriptions.update(subscription_id, wanted, {"idempotency_key": key})
    return subscription_facts(found)


def keep_going(*, subscription_id: str, key: str) -> SubscriptionFacts:
    """Take back a cancellation that has not come true yet."""
    with errors_named():
        found = client().v1.subscriptions.retrieve(subscription_id)
        wanted: SubscriptionUpdateParams = (
            {"cancel_at": ""} if found.cancel_at and not found.cancel_at_period_end else {"cancel_at_period_end": False}
        )
        found = client().v1.subscriptions.update(subscription_id, wanted, {"idempotency_key": key})
    return subscription_facts(found)


def cancel_now(*, subscription_id: str, key: str) -> SubscriptionFacts:
    """At once, without a refund."""
    with errors_named():
        found = client().v1.subscriptions.cancel(subscription_id, {}, {"idempotency_key": key})
    return subscription_facts(found)


def void_invoice(invoice_id: str, *, key: str) -> None:
    """Drop what is owed. Also right when it was paid or voided a moment ago."""
    try:
        with errors_named():
            client().v1.invoices.void_invoice(invoice_id, {}, {"idempotency_key": key})
    except StripeRefused:
        if fetch_invoice(invoice_id).status not in ("paid", "void"):
            raise
