"""A fee, charged once: an invoice of its own with one line, paid at once or dropped."""

from members.stripe_gateway.connection import CardDeclined, StripeRefused, client, errors_named
from members.stripe_gateway.facts import InvoiceFacts
from members.stripe_gateway.subscriptions import void_invoice
from members.stripe_gateway.writing import pay_invoice

NEUTRAL = "Membership fee"  # R106


def charge_fee(*, customer_id: str, subscription_id: str, cents: int, currency: str, key: str) -> InvoiceFacts:
    """Charge the card of the subscription now. Raises CardDeclined and StripeRefused; then nothing is owed.

    The invoice is tied to the subscription, so that its events find the membership; the period is not touched. Each
    step has its own key: the same call repeats none of them (R145).
    """
    invoices = client().v1.invoices
    with errors_named():
        invoice = invoices.create(
            {
                "customer": customer_id,
                "subscription": subscription_id,
                "auto_advance": False,
                "pending_invoice_items_behavior": "exclude",
            },
            {"idempotency_key": f"{key}:invoice"},
        )
        invoice_id = str(invoice.id)
        client().v1.invoice_items.create(
            {
                "customer": customer_id,
                "invoice": invoice_id,
                "amount": cents,
                "currency": currency,
                "description": NEUTRAL,
            },
            {"idempotency_key": f"{key}:item"},
        )
        invoices.finalize_invoice(invoice_id, {"auto_advance": False}, {"idempotency_key": f"{key}:finalize"})
    try:
        return pay_invoice(invoice_id, key=f"{key}:pay")
    except (CardDeclined, StripeRefused):
        void_invoice(invoice_id, key=f"{key}:void")
        raise
