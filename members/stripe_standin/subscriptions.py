"""/v1/subscriptions: one item each, charged automatically."""

from copy import deepcopy

from django.db.models import Q

from common import clock
from members.stripe_standin import building, cards, changes, charging, customers, events, forms, ids, schedules, store
from members.stripe_standin.calls import Answer, Call
from members.stripe_standin.problems import declined, invalid, required
from members.stripe_standin.store import Body


def create(call: Call) -> Answer:
    """Active with its first invoice paid, or incomplete with it open when the card is declined."""
    owner = store.get("customer", call.need("customer"), param="customer", status=400)
    price = _price(call)
    chosen = call.word("default_payment_method")
    if chosen:
        customers.usable(chosen, owner["id"])
    body = building.subscription(
        ids.new("sub"),
        customer=owner["id"],
        price=price,
        created=call.now,
        period_start=call.now,
        period_end=clock.months_later(call.now, charging.interval_months(price)),
        status="incomplete",
        default_payment_method=chosen or None,
        metadata=call.params.get("metadata"),
    )
    card = charging.card_for(body, owner["id"])
    if card is None:
        raise invalid(
            "This customer has no attached payment source or default payment method. Please consider adding a "
            "default payment method.",
            code="resource_missing",
        )
    test = cards.on(call.now, card)
    if call.word("payment_behavior") == "error_if_incomplete" and not test.pays:
        return declined(test, payment_method=card)
    _charge_first(body, card, call)
    return body


def retrieve(call: Call) -> Answer:
    """As it stands at this moment: a pause whose date has come is over."""
    body = store.get("subscription", call.ident)
    pause = body["pause_collection"]
    if pause and pause["resumes_at"] and pause["resumes_at"] <= call.now.timestamp():
        body["pause_collection"] = None
    return body


def list_all(call: Call) -> Answer:
    """Without a status, all that are not canceled; status=all gives every one."""
    status = call.word("status")
    only = None if status == "all" else Q(body__status=status) if status else ~Q(body__status="canceled")
    return store.page("subscription", customer=call.word("customer"), only=only, **call.paging)


def update(call: Call) -> Answer:
    body = store.hold("subscription", call.ident)
    if body["status"] == "canceled":
        raise invalid("A canceled subscription can only update its cancellation_details and metadata.")
    if "items" in call.params:
        return changes.change_price(body, call)
    before = deepcopy(body)
    if "default_payment_method" in call.params:
        chosen = call.word("default_payment_method")
        body["default_payment_method"] = customers.usable(chosen, body["customer"])["id"] if chosen else None
    if "cancel_at_period_end" in call.params:
        _cancel_later(body, forms.boolean(call.params["cancel_at_period_end"], "cancel_at_period_end"), call)
    if "cancel_at" in call.params:
        moment = call.word("cancel_at")
        _cancel_later(body, False, call)
        body["cancel_at"] = forms.integer(moment, "cancel_at") if moment else None
        body["canceled_at"] = int(call.now.timestamp()) if moment else None
        body["cancellation_details"]["reason"] = "cancellation_requested" if moment else None
    if "pause_collection" in call.params:
        body["pause_collection"] = _pause(call.params["pause_collection"])
    body["metadata"] |= call.params.get("metadata") or {}
    store.change(body)
    events.emit("customer.subscription.updated", body, now=call.now, before=before)
    return body


def cancel(call: Call) -> Answer:
    body = store.hold("subscription", call.ident)
    if body["status"] == "canceled":
        raise invalid(f"No such subscription: '{call.ident}'", param="id", code="resource_missing")
    return end(body, call)


def end(body: Body, call: Call) -> Body:
    moment = int(call.now.timestamp())
    body |= {"status": "canceled", "ended_at": moment, "canceled_at": body["canceled_at"] or moment}
    body["cancellation_details"]["reason"] = "cancellation_requested"
    if body["schedule"]:
        schedules.let_go(store.hold("subscription_schedule", body["schedule"]), now=call.now)
        body["schedule"] = None
    store.change(body)
    events.emit("customer.subscription.deleted", body, now=call.now)
    return body


def _charge_first(body: Body, card: Body, call: Call) -> None:
    invoice = charging.raise_invoice(body, reason="subscription_create", now=call.now)
    test = charging.attempt(invoice, card, by=charging.By.SCHEDULE, now=call.now)
    paid = test.pays
    if not paid:  # Stripe does not retry the first invoice: the customer is there and sees the refusal
        store.change(invoice | {"next_payment_attempt": None, "auto_advance": False})
    body |= {"latest_invoice": invoice["id"], "status": "active" if paid else "incomplete"}
    store.add(body)
    events.emit("customer.subscription.created", body, now=call.now)
    for kind in ("invoice.created", "invoice.finalized"):
        events.emit(kind, invoice, now=call.now)
    charging.tell(invoice, test, now=call.now)


def _price(call: Call) -> Body:
    items = call.need("items")
    if not isinstance(items, list) or len(items) != 1 or set(items[0]) - {"price", "quantity"}:
        raise invalid("A subscription here has one item with a price.", param="items")
    if items[0].get("quantity", "1") != "1":
        raise invalid("A subscription here has a quantity of one.", param="items[0][quantity]")
    if not items[0].get("price"):
        raise required("items[0][price]")
    return store.get("price", items[0]["price"], param="items[0][price]", status=400)


def _cancel_later(body: Body, wanted: bool, call: Call) -> None:
    if body["schedule"]:
        raise invalid(
            "The subscription is managed by the subscription schedule "
            f"`{body['schedule']}`, and updating any cancelation behavior directly is not allowed.",
            param="cancel_at_period_end",
        )
    body["cancel_at_period_end"] = wanted
    body["cancel_at"] = body["items"]["data"][0]["current_period_end"] if wanted else None
    body["canceled_at"] = int(call.now.timestamp()) if wanted else None
    body["cancellation_details"]["reason"] = "cancellation_requested" if wanted else None


def _pause(wanted: object) -> Body | None:
    """ "" ends a pause."""
    if not isinstance(wanted, dict):
        return None
    if wanted.get("behavior") != "void":
        raise invalid("Only pauses that void invoices are known here.", param="pause_collection[behavior]")
    resumes = wanted.get("resumes_at")
    return {
        "behavior": "void",
        "resumes_at": forms.integer(resumes, "pause_collection[resumes_at]") if resumes else None,
    }
