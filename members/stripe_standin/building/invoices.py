"""Invoices, and the payment that belongs to each."""

from datetime import datetime

from django.conf import settings

from members.stripe_standin.building.bodies import Body, base, maybe_seconds, seconds
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
    lines: list[Body] | None = None,
) -> Body:
    """Of one period of a subscription (a whole body), finalized when created. A paid one needs `paid_at`.

    `lines`: what is charged instead of the period (a proration), without ids.
    """
    item = subscription["items"]["data"][0]
    listed = _numbered(ident, lines or [_line(subscription, period_start, period_end, description)])
    of = {"metadata": subscription["metadata"], "subscription": subscription["id"]}
    return {
        **base(ident, "invoice", created, None),
        **_amounts(sum(line["amount"] for line in listed), status),
        **_moments(created, status, paid_at),
        "attempt_count": attempt_count or (1 if status == "paid" else 0),
        "attempted": bool(attempt_count) or status == "paid",
        "auto_advance": next_payment_attempt is not None,
        "billing_reason": billing_reason,
        "currency": item["price"]["currency"],
        "customer": subscription["customer"],
        "lines": {"object": "list", "data": listed, "has_more": False, "url": f"/v1/invoices/{ident}/lines"},
        "hosted_invoice_url": f"{settings.PUBLIC_BASE_URL}/standin/invoice/{ident}/",
        "next_payment_attempt": maybe_seconds(next_payment_attempt),
        "number": number,
        "parent": {"quote_details": None, "subscription_details": of, "type": "subscription_details"},
        "status": status,
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
        "status_transitions": {"canceled_at": None, "paid_at": maybe_seconds(paid_at)},
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
        "amount": invoice["amount_due"],
        "amount_received": invoice["amount_due"] if paid_with else 0,
        "client_secret": f"{ident}_secret_standin",
        "currency": invoice["currency"],
        "customer": invoice["customer"],
        "last_payment_error": payment_failure(behind(declined), declined) if declined else None,
        "payment_method": paid_with,
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


def waiting_for(card: TestCard) -> Body:
    """What a refused intent waits for: another card, or the patient's word to the bank."""
    if not card.asks_the_patient:
        return {"status": "requires_payment_method", "next_action": None}
    return {"status": "requires_action", "next_action": {"type": "use_stripe_sdk", "use_stripe_sdk": {}}}


def _amounts(amount: int, status: str) -> Body:
    paid = amount if status == "paid" else 0
    return {
        **dict.fromkeys(("amount_due", "subtotal", "subtotal_excluding_tax", "total", "total_excluding_tax"), amount),
        "amount_paid": paid,
        "amount_remaining": 0 if status == "void" else amount - paid,
    }


def _moments(created: datetime, status: str, paid_at: datetime | None) -> Body:
    """The invoice's own period is a moment: what it pays for is the period of its line."""
    return {
        **dict.fromkeys(("effective_at", "period_end", "period_start"), seconds(created)),
        "status_transitions": {
            "finalized_at": seconds(created),
            "marked_uncollectible_at": None,
            "paid_at": maybe_seconds(paid_at),
            "voided_at": seconds(created) if status == "void" else None,
        },
    }


def _numbered(invoice: str, lines: list[Body]) -> list[Body]:
    ident = f"il_{invoice.removeprefix('in_')}"
    return [{"id": f"{ident}{at or ''}", "invoice": invoice, **line} for at, line in enumerate(lines)]


def _line(subscription: Body, period_start: datetime, period_end: datetime, description: str) -> Body:
    item = subscription["items"]["data"][0]
    amount = item["price"]["unit_amount"] * item["quantity"]
    price = item["price"]
    return {
        "object": "line_item",
        "amount": amount,
        "currency": price["currency"],
        "description": f"{item['quantity']} × {description}",
        "discount_amounts": [],
        "discountable": True,
        "discounts": [],
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
