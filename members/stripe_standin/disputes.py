"""/v1/disputes and /v1/charges: what a bank takes back, and what the practice gives back."""

from copy import deepcopy
from datetime import datetime

from django.db import transaction

from members.stripe_standin import building, events, ids, store
from members.stripe_standin.calls import Answer, Call
from members.stripe_standin.problems import invalid
from members.stripe_standin.store import Body


def retrieve(call: Call) -> Answer:
    return store.get("dispute", call.ident)


def list_all(call: Call) -> Answer:
    return store.page("dispute", **call.paging)


def retrieve_charge(call: Call) -> Answer:
    return store.get("charge", call.ident)


@transaction.atomic
def open_dispute(invoice_id: str, *, now: datetime, reason: str = "fraudulent") -> str:
    """The cardholder tells the bank that the charge was not theirs. Returns the dispute's id.

    Raises Problem for an invoice that is not paid.
    """
    charge = _charge_of(invoice_id, now)
    charge["disputed"] = True
    store.change(charge)
    body = store.add(building.dispute(ids.new("dp"), charge=charge, reason=reason, created=now))
    events.emit("charge.dispute.created", body, now=now)
    return str(body["id"])


@transaction.atomic
def close_dispute(dispute_id: str, *, won: bool, now: datetime) -> None:
    """The bank decides."""
    body = store.hold("dispute", dispute_id)
    before = deepcopy(body)
    body["status"] = "won" if won else "lost"
    store.change(body)
    events.emit("charge.dispute.closed", body, now=now, before=before)


@transaction.atomic
def refund(invoice_id: str, *, now: datetime) -> str:
    """The practice gives the whole payment back, in the Dashboard. Returns the charge's id."""
    charge = _charge_of(invoice_id, now)
    before = deepcopy(charge)
    charge |= {"amount_refunded": charge["amount"], "refunded": True}
    store.change(charge)
    events.emit("charge.refunded", charge, now=now, before=before)
    return str(charge["id"])


def _charge_of(invoice_id: str, now: datetime) -> Body:
    invoice = store.get("invoice", invoice_id)
    if invoice["status"] != "paid":
        raise invalid("The invoice has not been paid.")
    payment = store.every("invoice_payment", parent=invoice_id)[0]
    intent = store.hold("payment_intent", payment["payment"]["payment_intent"])
    if intent["latest_charge"]:
        return store.hold("charge", intent["latest_charge"])
    charge = store.add(building.charge(ids.new("ch"), invoice=invoice, payment_intent=intent, created=now))
    store.change(intent | {"latest_charge": charge["id"]})
    return charge
