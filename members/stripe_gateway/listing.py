"""Everything of a kind, page by page, for the comparison of our rows with Stripe.

`after` is the id of the last object of the page before, "" for the first; an empty page is the end.
"""

import json
from datetime import datetime
from typing import Any

from members.stripe_gateway.connection import client, errors_named
from members.stripe_gateway.facts import InvoiceFacts, SubscriptionWithCard, invoice_facts
from members.stripe_gateway.reading import USED_CARD, with_card

PAGE = 100


def events_page(*, since: datetime, after: str = "") -> list[dict[str, Any]]:
    """Events as the webhook would have brought them, the newest first. Stripe keeps them for 30 days."""
    asked: Any = {"created": {"gte": int(since.timestamp())}, "limit": PAGE, **_after(after)}
    with errors_named():
        found = client().v1.events.list(asked)
    return [json.loads(str(event)) for event in found.data]


def subscriptions_page(*, after: str = "") -> list[SubscriptionWithCard]:
    """Also the ones that have ended; with the card that the next charge uses."""
    expand = [f"data.{path}" for path in USED_CARD]
    asked: Any = {"status": "all", "limit": PAGE, "expand": expand, **_after(after)}
    with errors_named():
        found = client().v1.subscriptions.list(asked)
    return [with_card(each) for each in found.data]


def open_invoices_page(*, after: str = "") -> list[InvoiceFacts]:
    asked: Any = {"status": "open", "limit": PAGE, **_after(after)}
    with errors_named():
        found = client().v1.invoices.list(asked)
    return [invoice_facts(each) for each in found.data]


def _after(ident: str) -> dict[str, str]:
    return {"starting_after": ident} if ident else {}
