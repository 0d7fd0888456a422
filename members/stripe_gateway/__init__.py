"""Stripe, as the rest of the product sees it: facts in, a few writes out.

With the stand-in beside it, the only importer of `stripe`.

Permissions of the restricted key (R122), as the Dashboard names them; every other resource "None":
    Write   Customers, Subscriptions, Invoices, Checkout Sessions
    Read    PaymentMethods, SetupIntents, PaymentIntents, Products, Prices, Events

Ids and settings go to Stripe, never words: no name, treatment or note of a patient (R106).
Every write carries an idempotency key that the caller makes from its own row (R145).

Raises, beside what a function names: StripeUnavailable (try again later), StripeRefused (it will not work as asked).
"""

from members.stripe_gateway.connection import CardDeclined, StripeRefused, StripeUnavailable
from members.stripe_gateway.facts import CardFacts, CardSession, HostedSession, InvoiceFacts, SubscriptionFacts
from members.stripe_gateway.reading import (
    decline_code,
    fetch_card,
    fetch_card_session,
    fetch_invoice,
    fetch_subscription,
    open_invoices,
)
from members.stripe_gateway.signatures import verify_webhook
from members.stripe_gateway.writing import create_card_session, pay_invoice, set_default_card

__all__ = [
    "CardDeclined",
    "CardFacts",
    "CardSession",
    "HostedSession",
    "InvoiceFacts",
    "StripeRefused",
    "StripeUnavailable",
    "SubscriptionFacts",
    "create_card_session",
    "decline_code",
    "fetch_card",
    "fetch_card_session",
    "fetch_invoice",
    "fetch_subscription",
    "open_invoices",
    "pay_invoice",
    "set_default_card",
    "verify_webhook",
]
