"""Invoices, and the payment that belongs to each."""

from datetime import datetime

from members.stripe_standin.building.bodies import Body, base, nulls, seconds
from members.stripe_standin.cards import TestCard, behind


def invoice(
    ident: str,
    *,
    subscription: Body,
    number: str,
    created: datetime,
    period_start: datetime,
    period_end: datetime,
    status: str = "open",
    billing_reason: str = "subscription_cycle",
    attempt_count: int = 0,
    next_payment_attempt: datetime | None = None,
    paid_at: datetime | None = None,
    description: str = "Membership",
) -> Body:
    """Of one period of a subscription (a whole body), finalized when created. A paid one needs `paid_at`."""
    item = subscription["items"]["data"][0]
    price = item["price"]
    amount = price["unit_amount"] * item["quantity"]
    paid = amount if status == "paid" else 0
    of = {"metadata": subscription["metadata"], "subscription": subscription["id"]}
    return {
        **base(ident, "invoice", created, None),
        **nulls(
            "account_tax_ids application automatically_finalizes_at custom_fields customer_account customer_address "
            "customer_email customer_name customer_phone customer_shipping default_payment_method default_source "
            "description due_date footer from_invoice hosted_invoice_url invoice_pdf last_finalization_error "
            "latest_revision on_behalf_of receipt_number rendering shipping_cost shipping_details statement_descriptor "
            "test_clock webhooks_delivered_at"
        ),
        **dict.fromkeys(("amount_overpaid", "amount_paid_off_stripe", "amount_shipping", "starting_balance"), 0),
        **dict.fromkeys(("ending_balance", "post_payment_credit_notes_amount", "pre_payment_credit_notes_amount"), 0),
        **{name: [] for name in ("customer_tax_ids", "default_tax_rates", "discounts", "total_discount_amounts")},
        **{name: [] for name in ("total_pretax_credit_amounts", "total_taxes")},
        **dict.fromkeys(("amount_due", "subtotal", "subtotal_excluding_tax", "total", "total_excluding_tax"), amount),
        "account_country": "US",
        "account_name": "Stripe stand-in",
        "amount_paid": paid,
        "amount_remaining": 0 if status == "void" else amount - paid,
        "attempt_count": attempt_count or (1 if paid else 0),
        "attempted": bool(attempt_count or paid),
        "auto_advance": next_payment_attempt is not None,
        "automatic_tax": {
            "disabled_reason": None,
            "enabled": False,
            "liability": None,
            "provider": None,
            "status": None,
        },
        "billing_reason": billing_reason,
        "collection_method": "charge_automatically",
        "currency": price["currency"],
        "customer": subscription["customer"],
        "customer_tax_exempt": "none",
        "effective_at": seconds(created),
        "issuer": {"type": "self"},
        "lines": {
            "object": "list",
            "data": [_line(ident, subscription, amount, period_start, period_end, description)],
            "has_more": False,
            "url": f"/v1/invoices/{ident}/lines",
        },
        "next_payment_attempt": seconds(next_payment_attempt) if next_payment_attempt else None,
        "number": number,
        "parent": {"quote_details": None, "subscription_details": of, "type": "subscription_details"},
        "payment_settings": nulls("default_mandate payment_method_options payment_method_types"),
        "period_end": seconds(created),
        "period_start": seconds(created),
        "status": status,
        "status_transitions": {
            "finalized_at": seconds(created),
            "marked_uncollectible_at": None,
            "paid_at": seconds(paid_at) if paid_at else None,
            "voided_at": seconds(created) if status == "void" else None,
        },
    }


def invoice_payment(
    ident: str,
    *,
    invoice: Body,
    payment_intent: str,
    created: datetime,
    status: str = "open",
    paid_at: datetime | None = None,
) -> Body:
    """The link from an invoice to its payment intent, where webhooks and lists leave it out of the invoice."""
    body = base(ident, "invoice_payment", created, None)
    del body["metadata"]
    return {
        **body,
        "amount_paid": invoice["amount_due"] if paid_at else None,
        "amount_requested": invoice["amount_due"],
        "currency": invoice["currency"],
        "invoice": invoice["id"],
        "is_default": True,
        "payment": {"payment_intent": payment_intent, "type": "payment_intent"},
        "status": status,
        "status_transitions": {"canceled_at": None, "paid_at": seconds(paid_at) if paid_at else None},
    }


def payment_intent(
    ident: str,
    *,
    invoice: Body,
    created: datetime,
    paid_with: str | None = None,
    declined: Body | None = None,
) -> Body:
    """Not tried yet, or paid with a payment method (its id), or declined (the body of the one that was tried)."""
    return {
        **base(ident, "payment_intent", created, None),
        **nulls(
            "application application_fee_amount automatic_payment_methods canceled_at cancellation_reason "
            "customer_account excluded_payment_method_types latest_charge next_action on_behalf_of "
            "payment_method_configuration_details processing receipt_email review shipping statement_descriptor "
            "statement_descriptor_suffix transfer_data transfer_group"
        ),
        "amount": invoice["amount_due"],
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": invoice["amount_due"] if paid_with else 0,
        "capture_method": "automatic",
        "client_secret": f"{ident}_secret_standin",
        "confirmation_method": "automatic",
        "currency": invoice["currency"],
        "customer": invoice["customer"],
        "description": "Subscription update",
        "last_payment_error": payment_failure(behind(declined), declined) if declined else None,
        "payment_method": paid_with,
        "payment_method_options": {
            "card": {
                "installments": None,
                "mandate_options": None,
                "network": None,
                "request_three_d_secure": "automatic",
            }
        },
        "payment_method_types": ["card"],
        "setup_future_usage": "off_session",
        "status": "succeeded" if paid_with else "requires_payment_method",
    }


def payment_failure(card: TestCard, payment_method: Body) -> Body:
    """`last_payment_error` of an intent."""
    body = {
        "code": card.code,
        "doc_url": f"https://docs.stripe.com/error-codes#{card.code.replace('_', '-')}",
        "message": card.message,
        "payment_method": payment_method,
        "type": "card_error",
    }
    return body | ({"decline_code": card.decline_code} if card.decline_code else {})


def _line(
    invoice: str, subscription: Body, amount: int, period_start: datetime, period_end: datetime, description: str
) -> Body:
    item = subscription["items"]["data"][0]
    price = item["price"]
    return {
        "id": invoice.replace("in", "il", 1),
        "object": "line_item",
        "amount": amount,
        "currency": price["currency"],
        "description": f"{item['quantity']} × {description}",
        "discount_amounts": [],
        "discountable": True,
        "discounts": [],
        "invoice": invoice,
        "livemode": False,
        "metadata": subscription["metadata"],
        "parent": {
            "invoice_item_details": None,
            "subscription_item_details": {
                "invoice_item": None,
                "proration": False,
                "proration_details": {"credited_items": None},
                "subscription": subscription["id"],
                "subscription_item": item["id"],
            },
            "type": "subscription_item_details",
        },
        "period": {"start": seconds(period_start), "end": seconds(period_end)},
        "pretax_credit_amounts": [],
        "pricing": {
            "price_details": {"price": price["id"], "product": price["product"]},
            "type": "price_details",
            "unit_amount_decimal": price["unit_amount_decimal"],
        },
        "quantity": item["quantity"],
        "subtotal": amount,
        "taxes": [],
    }
