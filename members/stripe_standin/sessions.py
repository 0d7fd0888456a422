"""/v1/checkout/sessions of mode `setup`, their setup intents, and what the hosted page does with a picked card."""

from copy import deepcopy
from datetime import UTC, datetime

from django.conf import settings

from members.stripe_standin import building, cards, customers, events, ids, problems, store
from members.stripe_standin.calls import Answer, Call
from members.stripe_standin.store import Body


def create(call: Call) -> Answer:
    if call.need("mode") != "setup":
        raise problems.invalid("Only sessions of mode `setup` are known here.", param="mode")
    if not call.word("currency"):
        raise problems.required("currency")
    owner = store.get("customer", call.need("customer"), param="customer", status=400)
    intent = store.add(building.setup_intent(ids.new("seti"), customer=owner["id"], created=call.now))
    ident = ids.new("cs_test", length=58)
    body = building.checkout_session(
        ident,
        customer=owner["id"],
        setup_intent=intent["id"],
        url=f"{settings.PUBLIC_BASE_URL}/standin/checkout/{ident}/",
        success_url=call.need("success_url"),
        cancel_url=call.word("cancel_url") or None,
        currency=call.word("currency"),
        created=call.now,
        metadata=call.params.get("metadata"),
    )
    store.add(body)
    events.emit("setup_intent.created", intent, now=call.now)
    return body


def retrieve(call: Call) -> Answer:
    return current(store.get("checkout.session", call.ident), call.now)


def retrieve_intent(call: Call) -> Answer:
    return store.get("setup_intent", call.ident)


def current(session: Body, now: datetime) -> Body:
    """The session as it stands at this moment: an open one runs out after a day."""
    if session["status"] == "open" and datetime.fromtimestamp(session["expires_at"], UTC) <= now:
        return session | {"status": "expired", "url": None}
    return session


def choose(session_id: str, card_name: str, *, now: datetime) -> Body:
    """The customer picked a test card on the hosted page: saved, and the session is complete.

    Raises Problem: resource_missing, invalid when the session is over, card_declined with the customer's sentence.
    Runs in the caller's transaction.
    """
    session = current(store.hold("checkout.session", session_id), now)
    if session["status"] != "open":
        raise problems.invalid("This page is no longer open.")
    test = cards.CARDS[card_name]
    if not test.saves:
        raise problems.declined(test)
    card = customers.save_card(session["customer"], test.name, now=now)
    intent = store.hold("setup_intent", session["setup_intent"])
    before = deepcopy(intent)
    intent |= {"status": "succeeded", "payment_method": card["id"]}
    store.change(intent)
    events.emit("setup_intent.succeeded", intent, now=now, before=before)
    session |= {"status": "complete", "url": None}
    store.change(session)
    events.emit("checkout.session.completed", session, now=now)
    return session
