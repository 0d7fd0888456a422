"""What is sold, and to whom it is sold again each period."""

from datetime import datetime

from members.stripe_standin.building.bodies import Body, base, seconds


def product(ident: str, *, name: str, created: datetime, metadata: Body | None = None) -> Body:
    return {**base(ident, "product", created, metadata), "name": name, "updated": seconds(created)}


def price(
    ident: str,
    *,
    product: str,
    unit_amount: int,
    created: datetime,
    currency: str = "usd",
    interval: str = "month",
    interval_count: int = 1,
    metadata: Body | None = None,
    lookup_key: str | None = None,
) -> Body:
    """A recurring price."""
    return {
        **base(ident, "price", created, metadata),
        "lookup_key": lookup_key,
        "currency": currency,
        "product": product,
        "recurring": {
            "interval": interval,
            "interval_count": interval_count,
            "meter": None,
            "usage_type": "licensed",
        },
        "unit_amount": unit_amount,
        "unit_amount_decimal": str(unit_amount),
    }


def subscription(
    ident: str,
    *,
    customer: str,
    price: Body,
    created: datetime,
    period_start: datetime,
    period_end: datetime,
    status: str = "active",
    default_payment_method: str | None = None,
    latest_invoice: str | None = None,
    metadata: Body | None = None,
) -> Body:
    """With one item of `price` (a whole price body)."""
    return {
        **base(ident, "subscription", created, metadata),
        "billing_cycle_anchor": seconds(period_start),
        "currency": price["currency"],
        "customer": customer,
        "default_payment_method": default_payment_method,
        "items": {
            "object": "list",
            "data": [_item(ident, price, created, period_start, period_end)],
            "has_more": False,
            "url": f"/v1/subscription_items?subscription={ident}",
        },
        "latest_invoice": latest_invoice,
        "start_date": seconds(created),
        "status": status,
    }


def _item(subscription: str, price: Body, created: datetime, period_start: datetime, period_end: datetime) -> Body:
    return {
        "id": subscription.replace("sub", "si", 1),
        "object": "subscription_item",
        "billing_thresholds": None,
        "created": seconds(created),
        "current_period_end": seconds(period_end),
        "current_period_start": seconds(period_start),
        "discounts": [],
        "metadata": {},
        "price": price,
        "quantity": 1,
        "subscription": subscription,
        "tax_rates": [],
    }
