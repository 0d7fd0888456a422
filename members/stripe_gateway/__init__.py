"""Stripe, as the rest of the product sees it: facts in, a few writes out.

With the stand-in beside it, the only importer of `stripe`.

Permissions of the restricted key (R122), as the Dashboard names them; every other resource "None":
    Write   Customers, Subscriptions (with their schedules), Invoices (with items and previews), Checkout Sessions,
            Products, Prices
    Read    PaymentMethods, SetupIntents, PaymentIntents, Charges, Disputes, Events
docs/stripe.md says what each is for.

Ids and settings go to Stripe, never words: no name, treatment or note of a patient (R106).
Every write carries an idempotency key that the caller makes from its own row (R145).

Raises, beside what a function names: StripeUnavailable (try again later), StripeRefused (it will not work as asked).
"""

from members.stripe_gateway.connection import CardDeclined, StripeRefused, StripeUnavailable
from members.stripe_gateway.facts import (
    CardFacts,
    CardSession,
    DisputeFacts,
    HostedSession,
    InvoiceFacts,
    RefundFacts,
    SubscriptionFacts,
    SubscriptionWithCard,
)
from members.stripe_gateway.fees import charge_fee
from members.stripe_gateway.listing import PAGE, events_page, open_invoices_page, subscriptions_page
from members.stripe_gateway.previews import ChangePreview, PreviewLine, preview_change, preview_start
from members.stripe_gateway.pricing import PriceFacts, create_price, fetch_price, recurring_prices
from members.stripe_gateway.reading import (
    decline_code,
    fetch_card,
    fetch_card_session,
    fetch_dispute,
    fetch_invoice,
    fetch_refund,
    fetch_subscription,
    fetch_with_card,
    invoice_of_payment,
    open_invoices,
    ping,
)
from members.stripe_gateway.signatures import verify_webhook
from members.stripe_gateway.subscriptions import (
    cancel_at,
    cancel_now,
    change_price,
    create_subscription,
    keep_going,
    keep_price,
    pause,
    reduce_price,
    restore_price,
    resume,
    schedule_price,
    void_invoice,
)
from members.stripe_gateway.writing import create_card_session, pay_invoice, set_default_card

__all__ = [
    "PAGE",
    "CardDeclined",
    "CardFacts",
    "CardSession",
    "ChangePreview",
    "DisputeFacts",
    "HostedSession",
    "InvoiceFacts",
    "PreviewLine",
    "PriceFacts",
    "RefundFacts",
    "StripeRefused",
    "StripeUnavailable",
    "SubscriptionFacts",
    "SubscriptionWithCard",
    "cancel_at",
    "cancel_now",
    "change_price",
    "charge_fee",
    "create_card_session",
    "create_price",
    "create_subscription",
    "decline_code",
    "events_page",
    "fetch_card",
    "fetch_card_session",
    "fetch_dispute",
    "fetch_invoice",
    "fetch_price",
    "fetch_refund",
    "fetch_subscription",
    "fetch_with_card",
    "invoice_of_payment",
    "keep_going",
    "keep_price",
    "open_invoices",
    "open_invoices_page",
    "pause",
    "pay_invoice",
    "ping",
    "preview_change",
    "preview_start",
    "recurring_prices",
    "reduce_price",
    "restore_price",
    "resume",
    "schedule_price",
    "set_default_card",
    "subscriptions_page",
    "verify_webhook",
    "void_invoice",
]
