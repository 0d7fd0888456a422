"""/v1/invoices made by hand and /v1/invoiceitems: a draft, its lines, then final and waiting to be paid."""

from copy import deepcopy

from members.stripe_standin import building, charging, events, forms, ids, store
from members.stripe_standin.calls import Answer, Call
from members.stripe_standin.problems import invalid


def create_invoice(call: Call) -> Answer:
    """A draft without lines, of a subscription. What Stripe would do by itself (`auto_advance`) is not known here."""
    if call.word("auto_advance") != "false" or call.word("pending_invoice_items_behavior") != "exclude":
        raise invalid("Only drafts that wait, and leave pending items out, are known here.", param="auto_advance")
    subscription = store.get("subscription", call.need("subscription"), param="subscription", status=400)
    if subscription["customer"] != call.need("customer"):
        raise invalid("The subscription belongs to another customer.", param="subscription")
    body = store.add(building.draft_invoice(ids.new("in"), subscription=subscription, created=call.now))
    events.emit("invoice.created", body, now=call.now)
    return body


def add_item(call: Call) -> Answer:
    """A line of a draft."""
    invoice = _draft(call.need("invoice"))
    if invoice["customer"] != call.need("customer"):
        raise invalid("The invoice belongs to another customer.", param="invoice")
    item = building.invoice_item(
        ids.new("ii"),
        invoice=invoice,
        amount=forms.integer(call.need("amount"), "amount"),
        currency=call.need("currency"),
        description=call.word("description"),
        created=call.now,
    )
    store.add(item)
    before = deepcopy(invoice)
    store.change(building.with_line(invoice, building.item_line(ids.new("il"), item=item)))
    events.emit("invoiceitem.created", item, now=call.now)
    events.emit("invoice.updated", invoice, now=call.now, before=before)
    return item


def finalize(call: Call) -> Answer:
    """Numbered and open; it waits for `pay`."""
    if call.word("auto_advance") != "false":
        raise invalid("Only invoices that wait to be paid are known here.", param="auto_advance")
    invoice = _draft(call.ident)
    building.open_up(invoice, number=charging.next_number(invoice["customer"]), now=call.now)
    store.change(invoice)
    charging.make_payable(invoice, now=call.now)
    events.emit("invoice.finalized", invoice, now=call.now)
    return invoice


def _draft(ident: str) -> store.Body:
    invoice = store.hold("invoice", ident)
    if invoice["status"] != "draft":
        raise invalid("This invoice is already finalized.", param="invoice")
    return invoice
