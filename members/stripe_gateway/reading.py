"""Questions to Stripe."""

from typing import Any

import stripe

from members.stripe_gateway.connection import client, errors_named
from members.stripe_gateway.facts import (
    CardFacts,
    CardSession,
    DisputeFacts,
    InvoiceFacts,
    RefundFacts,
    SubscriptionFacts,
    SubscriptionWithCard,
    at,
    card_facts,
    dispute_facts,
    id_of,
    invoice_facts,
    refund_facts,
    subscription_facts,
)

# What has to be expanded of a subscription to see the card that its next charge uses.
USED_CARD = (
    "default_payment_method",
    "default_source",
    "customer.invoice_settings.default_payment_method",
    "customer.default_source",
)


def ping() -> None:
    """Ask something that changes nothing."""
    with errors_named():
        client().v1.prices.list({"limit": 1})


def fetch_invoice(invoice_id: str) -> InvoiceFacts:
    with errors_named():
        return invoice_facts(client().v1.invoices.retrieve(invoice_id))


def open_invoices(subscription_id: str) -> list[InvoiceFacts]:
    """What is still owed on a subscription, oldest first."""
    with errors_named():
        page = client().v1.invoices.list({"subscription": subscription_id, "status": "open", "limit": 100})
        return sorted((invoice_facts(each) for each in page.auto_paging_iter()), key=lambda invoice: invoice.issued_at)


def fetch_subscription(subscription_id: str) -> SubscriptionFacts:
    with errors_named():
        found = client().v1.subscriptions.retrieve(subscription_id)
    return subscription_facts(found)


def fetch_card(subscription_id: str) -> CardFacts | None:
    """The card that the next charge uses, in Stripe's order (R142): the subscription's, then the customer's default."""
    return fetch_with_card(subscription_id).card


def fetch_with_card(subscription_id: str) -> SubscriptionWithCard:
    """Both in one question, so that they are of one moment."""
    with errors_named():
        return with_card(client().v1.subscriptions.retrieve(subscription_id, {"expand": list(USED_CARD)}))


def with_card(found: stripe.Subscription) -> SubscriptionWithCard:
    """Of a subscription that was fetched with USED_CARD expanded."""
    return SubscriptionWithCard(subscription_facts(found), _card_of(found))


def _card_of(found: stripe.Subscription) -> CardFacts | None:
    customer = found.customer
    candidates: list[Any] = [found.default_payment_method, found.default_source]
    if isinstance(customer, stripe.Customer):
        chosen = customer.invoice_settings
        candidates += [chosen.default_payment_method if chosen else None, customer.default_source]
    first = next((each for each in candidates if each), None)
    return card_facts(first) if first else None


def decline_code(invoice_id: str) -> str:
    """Why the last attempt on the invoice failed, as Stripe codes it; "" when none failed.

    The invoice itself no longer tells (R131).
    """
    with errors_named():
        payments = client().v1.invoice_payments.list(
            {"invoice": invoice_id, "limit": 10, "expand": ["data.payment.payment_intent"]}
        )
    for payment in sorted(payments.data, key=lambda each: each.is_default, reverse=True):
        intent = payment.payment.payment_intent if payment.payment.type == "payment_intent" else None
        if not isinstance(intent, stripe.PaymentIntent):
            continue
        if intent.status == "requires_action":
            return "authentication_required"
        if failure := intent.last_payment_error:
            # Stripe leaves the decline code out where its own error code says it all, as for an expired card.
            return getattr(failure, "decline_code", None) or getattr(failure, "code", None) or ""
    return ""


def fetch_dispute(dispute_id: str) -> DisputeFacts:
    with errors_named():
        return dispute_facts(client().v1.disputes.retrieve(dispute_id, {"expand": ["charge"]}))


def fetch_refund(charge_id: str) -> RefundFacts:
    """What was refunded of a charge until now."""
    with errors_named():
        return refund_facts(client().v1.charges.retrieve(charge_id))


def invoice_of_payment(payment_intent_id: str) -> str:
    """The id of the invoice that a payment paid; "" for a sale without one."""
    with errors_named():
        found = client().v1.invoice_payments.list(
            {"payment": {"type": "payment_intent", "payment_intent": payment_intent_id}, "limit": 1}
        )
    return id_of(found.data[0].invoice) if found.data else ""


def fetch_card_session(session_id: str) -> CardSession:
    with errors_named():
        session = client().v1.checkout.sessions.retrieve(session_id, {"expand": ["setup_intent"]})
    intent = session.setup_intent
    return CardSession(
        id=session.id,
        created_at=at(session.created),
        complete=session.status == "complete",
        customer_id=id_of(session.customer),
        payment_method_id=id_of(intent.payment_method) if isinstance(intent, stripe.SetupIntent) else "",
    )
