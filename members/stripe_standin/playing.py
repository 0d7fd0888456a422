"""What happens at Stripe by itself, by hand: for the demo's buttons and for tests."""

from copy import deepcopy
from datetime import UTC, datetime

from django.db import transaction

from common import clock
from members.stripe_standin import building, charging, customers, events, invoices, schedules, store, subscriptions
from members.stripe_standin.calls import Call
from members.stripe_standin.cards import behind
from members.stripe_standin.store import Body


@transaction.atomic
def renew(subscription_id: str, *, now: datetime) -> str:
    """Bill the next period now, also before the old one ended (the billing day then moves to today).

    Returns the invoice's id; "" when the subscription ended instead. A refused card leaves the invoice open, the
    subscription past due and a retry planned. While collection is paused the invoice is voided.
    Raises Problem for an unknown or canceled subscription.
    """
    body = store.hold("subscription", subscription_id)
    call = Call(path="", ident=subscription_id, params={}, now=now)
    leaves = body["cancel_at"] is not None and body["cancel_at"] <= now.timestamp()
    if leaves or body["cancel_at_period_end"] or body["status"] == "canceled":
        if body["status"] != "canceled":
            subscriptions.end(body, call)
        return ""
    before = deepcopy(body)
    paused = _is_paused(body, now)
    schedules.enter_phase(body, datetime.fromtimestamp(body["items"]["data"][0]["current_period_end"], UTC), now=now)
    _next_period(body, now)
    invoice = charging.raise_invoice(body, reason="subscription_cycle", now=now, status="void" if paused else "open")
    body["latest_invoice"] = invoice["id"]
    store.change(body)
    events.emit("customer.subscription.updated", body, now=now, before=before)
    for kind in ("invoice.created", "invoice.finalized"):
        events.emit(kind, invoice, now=now)
    if paused:
        events.emit("invoice.voided", invoice, now=now)
    else:
        _charge(invoice, body, now)
    return str(invoice["id"])


@transaction.atomic
def retry(invoice_id: str, *, now: datetime) -> bool:
    """The next automatic try on an open invoice. Returns whether it was paid."""
    invoice = store.hold("invoice", invoice_id)
    subscription = invoices.subscription_of(invoice)
    if invoice["status"] != "open" or subscription is None:
        return False
    return _charge(invoice, subscription, now)


@transaction.atomic
def give_card(customer_id: str, card_name: str, *, now: datetime) -> str:
    """From now on the named test card is charged, also one that Stripe would refuse to save: good cards go bad.

    Returns the id of the payment method, which is the default of the customer and of each subscription.
    """
    # Subscriptions before their customer: the order in which a renewal locks them.
    held = [store.hold("subscription", each["id"]) for each in store.every("subscription", customer=customer_id)]
    owner = store.hold("customer", customer_id)
    card = customers.save_card(customer_id, card_name, now=now)
    before = deepcopy(owner)
    owner["invoice_settings"]["default_payment_method"] = card["id"]
    store.change(owner)
    events.emit("customer.updated", owner, now=now, before=before)
    for subscription in held:
        if subscription["status"] != "canceled":
            before = deepcopy(subscription)
            subscription["default_payment_method"] = card["id"]
            store.change(subscription)
            events.emit("customer.subscription.updated", subscription, now=now, before=before)
    return str(card["id"])


@transaction.atomic
def confirm(invoice_id: str, *, now: datetime) -> bool:
    """The patient confirms the charge with the bank on the hosted invoice page. False when nothing waits for that."""
    invoice = store.hold("invoice", invoice_id)
    subscription = invoices.subscription_of(invoice)
    card = charging.card_for(subscription, invoice["customer"])
    if invoice["status"] != "open" or card is None or not behind(card).asks_the_patient:
        return False
    charging.collect(invoice, card, now=now)
    events.emit("invoice.paid", invoice, now=now)
    if subscription:
        charging.settle(subscription, invoice, paid=True, now=now)
    return True


@transaction.atomic
def renew_card(customer_id: str, *, now: datetime) -> str:
    """The card network tells Stripe of the new card behind the same payment method: good for four more years."""
    owner = store.get("customer", customer_id)
    card = store.hold("payment_method", owner["invoice_settings"]["default_payment_method"])
    before = deepcopy(card)
    card["card"] |= {"exp_year": max(card["card"]["exp_year"], now.year) + 4, "fingerprint": "visa"}
    store.change(card)
    events.emit("payment_method.automatically_updated", card, now=now, before=before)
    return str(card["id"])


@transaction.atomic
def announce(subscription_id: str, *, now: datetime) -> None:
    """What will be billed at the end of the period, some days before (a Dashboard setting at Stripe)."""
    body = store.get("subscription", subscription_id)
    ends = datetime.fromtimestamp(body["items"]["data"][0]["current_period_end"], UTC)
    preview = building.invoice(
        f"upcoming_{body['id'].replace('sub', 'in', 1)}_{int(ends.timestamp())}",
        subscription=body,
        number="",
        created=ends,
        period_start=ends,
        period_end=charging.period_after(body, ends),
        status="draft",
    )
    events.emit("invoice.upcoming", preview | {"number": None, "hosted_invoice_url": None}, now=now)


def _charge(invoice: Body, subscription: Body, now: datetime) -> bool:
    card = charging.card_for(subscription, invoice["customer"])
    if card is None:
        return False
    test = charging.attempt(invoice, card, by=charging.By.SCHEDULE, now=now)
    charging.tell(invoice, test, now=now)
    charging.settle(subscription, invoice, paid=test.pays, now=now)
    return test.pays


def _next_period(body: Body, now: datetime) -> None:
    item = body["items"]["data"][0]
    start = datetime.fromtimestamp(item["current_period_end"], UTC)
    if now < start:
        start = now.replace(microsecond=0)
        body["billing_cycle_anchor"] = int(start.timestamp())
        end = clock.months_later(start, charging.interval_months(item["price"]))
    else:
        end = charging.period_after(body, start)
    item |= {"current_period_start": int(start.timestamp()), "current_period_end": int(end.timestamp())}


def _is_paused(body: Body, now: datetime) -> bool:
    pause = body["pause_collection"]
    if pause and pause["resumes_at"] and pause["resumes_at"] <= now.timestamp():
        body["pause_collection"] = None
    return body["pause_collection"] is not None
