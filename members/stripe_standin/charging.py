"""How an invoice is raised and charged, and what that makes of its subscription."""

from copy import deepcopy
from datetime import UTC, datetime, timedelta
from enum import Enum

from common import clock, money
from members.stripe_standin import building, cards, events, ids, store
from members.stripe_standin.store import Body

# Days to the next automatic try after each failed one (a Dashboard setting at Stripe); then it gives up.
RETRY_DAYS = (3, 5, 7)


class By(Enum):
    """Who makes an attempt: only the retry schedule counts on and moves its next date."""

    SCHEDULE = "schedule"
    HAND = "hand"


def raise_invoice(
    subscription: Body, *, reason: str, now: datetime, status: str = "open", lines: list[Body] | None = None
) -> Body:
    """The invoice of the period that the subscription's item now shows (or of `lines`), finalized, payment waiting."""
    number = next_number(subscription["customer"])
    item = subscription["items"]["data"][0]
    invoice = building.invoice(
        ids.new("in"),
        subscription=subscription,
        number=number,
        created=now,
        period_start=datetime.fromtimestamp(item["current_period_start"], UTC),
        period_end=datetime.fromtimestamp(item["current_period_end"], UTC),
        status=status,
        billing_reason=reason,
        description=_describe(item["price"]),
        lines=lines,
    )
    store.add(invoice)
    if status == "open":
        make_payable(invoice, now=now)
    return invoice


def next_number(customer: str) -> str:
    """The customer's next invoice number; the caller's transaction holds the customer."""
    owner = store.hold("customer", customer)
    number = f"{owner['invoice_prefix']}-{owner['next_invoice_sequence']:04d}"
    owner["next_invoice_sequence"] += 1
    store.change(owner)
    return number


def make_payable(invoice: Body, *, now: datetime) -> None:
    """The payment that waits for a final invoice."""
    intent = store.add(building.payment_intent(ids.new("pi"), invoice=invoice, created=now))
    store.add(building.invoice_payment(ids.new("inpay"), invoice=invoice, payment_intent=intent["id"], created=now))


def card_for(subscription: Body | None, customer: str) -> Body | None:
    """The card that a charge uses: the subscription's own before the customer's default (R142)."""
    owner = store.get("customer", customer)
    own = subscription["default_payment_method"] if subscription else None
    chosen = own or owner["invoice_settings"]["default_payment_method"]
    return store.get("payment_method", chosen) if chosen else None


def attempt(invoice: Body, card: Body, *, by: By, now: datetime) -> cards.TestCard:
    """Charge an open invoice once; the answer tells by `pays` what came of it. The caller saves and tells."""
    test = cards.on(now, card)
    # Stripe: any attempt counts as the first; after it only automatic ones do.
    if by is By.SCHEDULE or invoice["attempt_count"] == 0:
        invoice["attempt_count"] += 1
    invoice["attempted"] = True
    if test.pays:
        collect(invoice, card, now=now)
        return test
    intent = _intent_of(invoice)
    intent["last_payment_error"] = building.payment_failure(test, card)
    store.change(intent | building.waiting_for(test))
    if by is By.SCHEDULE:
        plan_retry(invoice, now)
    store.change(invoice)
    return test


def collect(invoice: Body, card: Body, *, now: datetime) -> None:
    """The money came: the invoice, its payment and the intent say so."""
    moment = int(now.timestamp())
    invoice |= {"status": "paid", "amount_paid": invoice["amount_due"], "amount_remaining": 0}
    invoice |= {"next_payment_attempt": None, "auto_advance": False}
    invoice["status_transitions"]["paid_at"] = moment
    store.change(invoice)
    payment = store.every("invoice_payment", parent=invoice["id"])[0]
    payment |= {"status": "paid", "amount_paid": invoice["amount_due"]}
    payment["status_transitions"]["paid_at"] = moment
    store.change(payment)
    intent = _intent_of(invoice)
    intent |= {"status": "succeeded", "amount_received": intent["amount"], "payment_method": card["id"]}
    store.change(intent | {"last_payment_error": None, "next_action": None})


def tell(invoice: Body, test: cards.TestCard, *, now: datetime) -> None:
    """The events of an attempt."""
    events.emit("invoice.paid" if test.pays else "invoice.payment_failed", invoice, now=now)
    if test.asks_the_patient:
        events.emit("invoice.payment_action_required", invoice, now=now)


def settle(subscription: Body, invoice: Body, *, paid: bool, now: datetime) -> None:
    """The subscription after an attempt on one of its invoices: its latest invoice decides."""
    if subscription["latest_invoice"] != invoice["id"] or subscription["status"] == "canceled":
        return
    before = deepcopy(subscription)
    if paid:
        subscription["status"] = "active"
    elif subscription["status"] != "incomplete":
        subscription["status"] = "past_due"
    if subscription["status"] != before["status"]:
        store.change(subscription)
        events.emit("customer.subscription.updated", subscription, now=now, before=before)


def period_after(subscription: Body, start: datetime) -> datetime:
    """The end of a period that starts at `start`; a subscription of the 31st bills on the last day of short months."""
    anchor = datetime.fromtimestamp(subscription["billing_cycle_anchor"], UTC)
    months = interval_months(subscription["items"]["data"][0]["price"])
    count = months
    while (end := clock.months_later(anchor, count)) <= start:
        count += months
    return end


def interval_months(price: Body) -> int:
    return int(price["recurring"]["interval_count"]) * (12 if price["recurring"]["interval"] == "year" else 1)


def plan_retry(invoice: Body, now: datetime) -> None:
    """The next automatic try, if the schedule has one."""
    made = invoice["attempt_count"]
    more = made <= len(RETRY_DAYS)
    invoice["auto_advance"] = more
    invoice["next_payment_attempt"] = int((now + timedelta(days=RETRY_DAYS[made - 1])).timestamp()) if more else None


def _intent_of(invoice: Body) -> Body:
    payment = store.every("invoice_payment", parent=invoice["id"])[0]
    return store.get("payment_intent", payment["payment"]["payment_intent"])


def _describe(price: Body) -> str:
    name = store.get("product", price["product"])["name"]
    amount = money.readable(price["unit_amount"], price["currency"])
    return f"{name} (at {amount} / {price['recurring']['interval']})"
