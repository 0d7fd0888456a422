"""The few writes. `key` is an idempotency key that the caller makes from its own row (R145)."""

from members.stripe_gateway.connection import StripeRefused, client, errors_named
from members.stripe_gateway.facts import HostedSession, InvoiceFacts, invoice_facts
from members.stripe_gateway.reading import fetch_invoice


def create_card_session(*, customer_id: str, success_url: str, cancel_url: str, key: str) -> HostedSession:
    """A hosted page on which the customer leaves a card; no card field is ours (R122)."""
    with errors_named():
        session = client().v1.checkout.sessions.create(
            {
                "mode": "setup",
                "currency": "usd",
                "customer": customer_id,
                "success_url": success_url,
                "cancel_url": cancel_url,
            },
            {"idempotency_key": key},
        )
    return HostedSession(id=session.id, url=session.url or "")


def set_default_card(*, customer_id: str, subscription_id: str, payment_method_id: str, key: str) -> None:
    """On the customer AND on the subscription, whose own card Stripe would otherwise go on using (R142)."""
    services = client().v1
    with errors_named():
        services.customers.update(
            customer_id,
            {"invoice_settings": {"default_payment_method": payment_method_id}},
            {"idempotency_key": f"{key}:customer"},
        )
        services.subscriptions.update(
            subscription_id,
            {"default_payment_method": payment_method_id},
            {"idempotency_key": f"{key}:subscription"},
        )


def pay_invoice(invoice_id: str, *, key: str) -> InvoiceFacts:
    """Charge the default card now. Also right when Stripe collected it a moment ago. Raises CardDeclined."""
    try:
        with errors_named():
            return invoice_facts(client().v1.invoices.pay(invoice_id, {}, {"idempotency_key": key}))
    except StripeRefused:
        settled = fetch_invoice(invoice_id)
        if settled.status == "paid":
            return settled
        raise
