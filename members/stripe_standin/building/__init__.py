"""Stripe's resources as bodies, pure: the handlers fill them, and a seed makes thousands without a call.

Shapes of API version 2026-05-27.dahlia. Moments are aware UTC, money is integer cents. Ids are the caller's.
"""

from members.models import StandinObject
from members.stripe_standin import store
from members.stripe_standin.building import prorations
from members.stripe_standin.building.bodies import Body
from members.stripe_standin.building.charges import charge, dispute
from members.stripe_standin.building.customers import customer, payment_method
from members.stripe_standin.building.fees import draft_invoice, invoice_item, item_line, open_up, with_line
from members.stripe_standin.building.invoices import (
    invoice,
    invoice_payment,
    payment_failure,
    payment_intent,
    waiting_for,
)
from members.stripe_standin.building.plans import price, product, subscription
from members.stripe_standin.building.schedules import subscription_schedule
from members.stripe_standin.building.sessions import checkout_session, setup_intent

__all__ = [
    "Body",
    "charge",
    "checkout_session",
    "customer",
    "dispute",
    "draft_invoice",
    "invoice",
    "invoice_item",
    "invoice_payment",
    "item_line",
    "open_up",
    "payment_failure",
    "payment_intent",
    "payment_method",
    "price",
    "product",
    "prorations",
    "rows",
    "setup_intent",
    "subscription",
    "subscription_schedule",
    "waiting_for",
    "with_line",
]


def rows(*bodies: Body) -> list[StandinObject]:
    """Unsaved rows for `bulk_create`."""
    return [store.row(body) for body in bodies]
