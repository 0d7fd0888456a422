"""/v1/customers and /v1/payment_methods."""

from copy import deepcopy
from datetime import datetime

from members.stripe_standin import building, cards, events, ids, store
from members.stripe_standin.calls import Answer, Call
from members.stripe_standin.problems import declined, invalid
from members.stripe_standin.store import Body

_WORDS = ("name", "email", "phone", "description")


def create(call: Call) -> Answer:
    given = {name: call.params[name] for name in _WORDS if call.params.get(name)}
    body = building.customer(ids.new("cus"), created=call.now, metadata=call.params.get("metadata"), **given)
    store.add(body)
    events.emit("customer.created", body, now=call.now)
    return body


def retrieve(call: Call) -> Answer:
    return store.get("customer", call.ident)


def list_all(call: Call) -> Answer:
    return store.page("customer", **call.paging)


def update(call: Call) -> Answer:
    body = store.hold("customer", call.ident)
    before = deepcopy(body)
    for name in _WORDS:
        if name in call.params:
            body[name] = call.params[name] or None
    body["metadata"] |= call.params.get("metadata") or {}
    if settings := call.params.get("invoice_settings"):
        chosen = settings.get("default_payment_method")
        body["invoice_settings"]["default_payment_method"] = usable(chosen, body["id"])["id"] if chosen else None
    store.change(body)
    events.emit("customer.updated", body, now=call.now, before=before)
    return body


def retrieve_card(call: Call) -> Answer:
    return store.get("payment_method", call.ident)


def list_cards(call: Call) -> Answer:
    return store.page("payment_method", customer=call.ident or call.word("customer"), **call.paging)


def attach(call: Call) -> Answer:
    """Only the ids that stand for test cards (pm_card_visa …) can be attached; each time a new saved card is made."""
    test = cards.BY_TOKEN.get(call.ident)
    owner = store.get("customer", call.need("customer"), param="customer", status=400)
    if test is None:
        known = store.get("payment_method", call.ident)
        raise invalid(f"The payment method {known['id']} cannot be attached again.", param="payment_method")
    if not test.saves:
        return declined(test)
    return save_card(owner["id"], test.name, now=call.now)


def detach(call: Call) -> Answer:
    body = store.hold("payment_method", call.ident)
    before = deepcopy(body)
    owner, body["customer"] = body["customer"], None
    store.change(body)
    _forget(body["id"], owner, call.now)
    events.emit("payment_method.detached", body, now=call.now, before=before)
    return body


def _forget(card: str, owner: str, now: datetime) -> None:
    """A detached card is nobody's default any more."""
    for subscription in store.every("subscription", customer=owner):
        if subscription["default_payment_method"] == card:
            before = deepcopy(subscription)
            subscription["default_payment_method"] = None
            store.change(subscription)
            events.emit("customer.subscription.updated", subscription, now=now, before=before)
    customer = store.hold("customer", owner)
    if customer["invoice_settings"]["default_payment_method"] == card:
        before = deepcopy(customer)
        customer["invoice_settings"]["default_payment_method"] = None
        store.change(customer)
        events.emit("customer.updated", customer, now=now, before=before)


def save_card(customer: str, name: str, *, now: datetime) -> Body:
    """A new payment method of the customer that behaves as the named test card."""
    body = building.payment_method(ids.new("pm"), customer=customer, created=now, card=name)
    store.add(body)
    events.emit("payment_method.attached", body, now=now)
    return body


def usable(ident: str, customer: str, *, param: str = "default_payment_method") -> Body:
    """Raises Problem when the payment method is not one of the customer's."""
    body = store.get("payment_method", ident, param=param, status=400)
    if body["customer"] != customer:
        raise invalid(
            f"The customer does not have a payment method with the ID {ident}. "
            "The payment method must be attached to the customer.",
            param=param,
            code="resource_missing",
        )
    return body
