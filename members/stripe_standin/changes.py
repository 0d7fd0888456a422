"""A change of price: /v1/invoices/create_preview shows what it costs, /v1/subscriptions/{id} with `items` does it.

Known here: `always_invoice`, with `error_if_incomplete` (a refused card changes nothing), at a moment of this period,
upwards; `none`, which charges nothing before the next period; and the preview of a first invoice. Everything else is
refused.
"""

from copy import deepcopy
from datetime import UTC, datetime

from members.stripe_standin import building, cards, charging, events, forms, ids, store
from members.stripe_standin.building import prorations
from members.stripe_standin.calls import Answer, Call
from members.stripe_standin.problems import declined, invalid, required
from members.stripe_standin.store import Body


def preview(call: Call) -> Answer:
    """The invoice that the change would raise now; nothing is kept."""
    details = call.params.get("subscription_details") or {}
    if not call.word("subscription"):
        return _first_invoice(call, details)
    subscription = store.get("subscription", call.word("subscription"), param="subscription", status=400)
    price, at = _wanted(subscription, details, call)
    return _draft(subscription, _lines(subscription, price, at), "subscription_update", call.now)


def change_price(body: Body, call: Call) -> Answer:
    """Charge the difference now. `body` is held by the caller. 402 when the card is refused; then nothing changed."""
    if call.word("proration_behavior") == "none":
        return _change_without_proration(body, call)
    if call.word("payment_behavior") != "error_if_incomplete":
        raise invalid("Only `error_if_incomplete` is known here.", param="payment_behavior")
    if body["pause_collection"] or body["status"] != "active" or body["schedule"]:
        raise invalid("Only an active, unpaused subscription without a schedule can change its price here.")
    price, at = _wanted(body, call.params, call)
    lines = _lines(body, price, at)
    if sum(line["amount"] for line in lines) <= 0:
        raise invalid("Only changes that cost something are known here; schedule the others.", param="items")
    card = charging.card_for(body, body["customer"])
    if card is None:
        raise invalid("This customer has no attached payment source or default payment method.")
    if not (test := cards.on(call.now, card)).pays:
        return declined(test, payment_method=card)
    before = deepcopy(body)
    _put(body, price, at)
    invoice = charging.raise_invoice(body, reason="subscription_update", now=call.now, lines=lines)
    body["latest_invoice"] = invoice["id"]
    store.change(body)
    events.emit("customer.subscription.updated", body, now=call.now, before=before)
    for kind in ("invoice.created", "invoice.finalized"):
        events.emit(kind, invoice, now=call.now)
    charging.tell(invoice, charging.attempt(invoice, card, by=charging.By.HAND, now=call.now), now=call.now)
    return body


def _change_without_proration(body: Body, call: Call) -> Body:
    if body["schedule"] or body["status"] not in ("active", "past_due"):
        raise invalid("Only a running subscription without a schedule can change its price here.")
    if set(call.params) - {"items", "proration_behavior"}:
        raise invalid("Only `items` go with `none` here.", param="proration_behavior")
    item, price = _item_wanted(body, call.params)
    if not prorations.same_interval(item["price"], price):
        raise invalid("Another interval starts a new period and charges it; that is not known here.", param="items")
    before = deepcopy(body)
    item["price"] = price
    store.change(body)
    events.emit("customer.subscription.updated", body, now=call.now, before=before)
    return body


def _put(body: Body, price: Body, at: datetime) -> None:
    item = body["items"]["data"][0]
    if not prorations.same_interval(item["price"], price):
        start, end = at, prorations.period_end(price, at)
        item |= {"current_period_start": int(start.timestamp()), "current_period_end": int(end.timestamp())}
        body["billing_cycle_anchor"] = int(start.timestamp())
    item["price"] = price


def _wanted(subscription: Body, params: Body, call: Call) -> tuple[Body, datetime]:
    if params.get("proration_behavior") != "always_invoice":
        raise invalid("Only `always_invoice` is known here.", param="proration_behavior")
    own, price = _item_wanted(subscription, params)
    moment = params.get("proration_date")
    at = forms.integer(moment, "proration_date") if moment else int(call.now.timestamp())
    if not own["current_period_start"] <= at <= own["current_period_end"]:
        raise invalid("The proration date is outside of the subscription's current period.", param="proration_date")
    return price, datetime.fromtimestamp(at, UTC)


def _item_wanted(subscription: Body, params: Body) -> tuple[Body, Body]:
    """The item of the subscription that changes, and the price that it is to have."""
    items = params.get("items")
    own = subscription["items"]["data"][0]
    if not isinstance(items, list) or len(items) != 1 or items[0].get("id") != own["id"]:
        raise invalid("Name the one item that changes by its id.", param="items")
    return own, store.get("price", items[0].get("price") or "", param="items[0][price]", status=400)


def _lines(subscription: Body, price: Body, at: datetime) -> list[Body]:
    old = subscription["items"]["data"][0]["price"]
    if old["id"] == price["id"]:
        return []
    names = [store.get("product", each["product"])["name"] for each in (old, price)]
    return prorations.lines(subscription, price, at=at, product=names[0], new_product=names[1])


def _first_invoice(call: Call, details: Body) -> Body:
    items = details.get("items")
    if not call.word("customer"):
        raise required("customer")
    if not isinstance(items, list) or len(items) != 1 or not items[0].get("price"):
        raise required("subscription_details[items][0][price]")
    price = store.get("price", items[0]["price"], param="subscription_details[items][0][price]", status=400)
    owner = store.get("customer", call.word("customer"), param="customer", status=400)
    planned = building.subscription(
        "sub_upcoming",
        customer=owner["id"],
        price=price,
        created=call.now,
        period_start=call.now,
        period_end=prorations.period_end(price, call.now),
    )
    body = _draft(planned, None, "subscription_create", call.now)
    body["parent"]["subscription_details"]["subscription"] = "sub_upcoming"
    return body


def _draft(subscription: Body, lines: list[Body] | None, reason: str, now: datetime) -> Body:
    item = subscription["items"]["data"][0]
    body = building.invoice(
        ids.new("upcoming_in"),
        subscription=subscription,
        number="",
        created=now,
        period_start=datetime.fromtimestamp(item["current_period_start"], UTC),
        period_end=datetime.fromtimestamp(item["current_period_end"], UTC),
        status="draft",
        billing_reason=reason,
        lines=lines,
    )
    body["number"] = None
    body["status_transitions"]["finalized_at"] = None
    return body
