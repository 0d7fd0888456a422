"""/v1/invoices, /v1/invoice_payments and /v1/payment_intents."""

from copy import deepcopy

from django.db.models import Q

from members.stripe_standin import charging, customers, events, store
from members.stripe_standin.calls import Answer, Call
from members.stripe_standin.problems import declined, invalid
from members.stripe_standin.store import Body


def retrieve(call: Call) -> Answer:
    return store.get("invoice", call.ident)


def list_all(call: Call) -> Answer:
    status = call.word("status")
    return store.page(
        "invoice",
        parent=call.word("subscription"),
        customer=call.word("customer"),
        only=Q(body__status=status) if status else None,
        **call.paging,
    )


def pay(call: Call) -> Answer:
    """402 when the card is declined; the attempt is kept on the invoice's payment."""
    invoice = store.hold("invoice", call.ident)
    if invoice["status"] not in ("open", "uncollectible"):
        words = {"paid": "Invoice is already paid", "void": "Invoice is voided and cannot be paid"}
        raise invalid(words.get(invoice["status"], "Invoice is not finalized"))
    subscription = subscription_of(invoice)
    given = call.word("payment_method")
    card = (
        customers.usable(given, invoice["customer"], param="payment_method")
        if given
        else charging.card_for(subscription, invoice["customer"])
    )
    if card is None:
        raise invalid(
            "There is no `default_payment_method` set on this Customer or Invoice. Please either specify a "
            "`payment_method` or set one as default."
        )
    test = charging.attempt(invoice, card, by=charging.By.HAND, now=call.now)
    charging.tell(invoice, test, now=call.now)
    if subscription:
        charging.settle(subscription, invoice, paid=test.pays, now=call.now)
    return invoice if test.pays else declined(test, payment_method=card)


def void(call: Call) -> Answer:
    invoice = store.hold("invoice", call.ident)
    if invoice["status"] not in ("open", "uncollectible"):
        raise invalid("Only open or uncollectible invoices can be voided.")
    before = deepcopy(invoice)
    invoice |= {"status": "void", "amount_remaining": 0, "next_payment_attempt": None, "auto_advance": False}
    invoice["status_transitions"]["voided_at"] = int(call.now.timestamp())
    store.change(invoice)
    events.emit("invoice.voided", invoice, now=call.now, before=before)
    subscription = subscription_of(invoice)
    if subscription and subscription["status"] == "past_due":  # nothing is owed any more on its latest invoice
        charging.settle(subscription, invoice, paid=True, now=call.now)
    return invoice


def mark_uncollectible(call: Call) -> Answer:
    invoice = store.hold("invoice", call.ident)
    if invoice["status"] != "open":
        raise invalid("Only open invoices can be marked uncollectible.")
    before = deepcopy(invoice)
    invoice |= {"status": "uncollectible", "next_payment_attempt": None, "auto_advance": False}
    invoice["status_transitions"]["marked_uncollectible_at"] = int(call.now.timestamp())
    store.change(invoice)
    events.emit("invoice.marked_uncollectible", invoice, now=call.now, before=before)
    return invoice


def list_payments(call: Call) -> Answer:
    """Of an invoice, or of a payment intent (`payment[type]`, `payment[payment_intent]`)."""
    intent = (call.params.get("payment") or {}).get("payment_intent")
    return store.page(
        "invoice_payment",
        parent=call.word("invoice"),
        only=Q(body__payment__payment_intent=intent) if intent else None,
        **call.paging,
    )


def retrieve_payment(call: Call) -> Answer:
    return store.get("invoice_payment", call.ident)


def retrieve_intent(call: Call) -> Answer:
    return store.get("payment_intent", call.ident)


def subscription_of(invoice: Body) -> Body | None:
    """Held, as an attempt may change it."""
    details = invoice["parent"]["subscription_details"] if invoice["parent"] else None
    return store.hold("subscription", details["subscription"]) if details else None
