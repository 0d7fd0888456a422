"""What is sold, and to whom it is sold again each period."""

from datetime import datetime

from members.stripe_standin.building.bodies import Body, base, nulls, seconds


def product(ident: str, *, name: str, created: datetime, metadata: Body | None = None) -> Body:
    return {
        **base(ident, "product", created, metadata),
        **nulls("default_price description package_dimensions shippable statement_descriptor tax_code unit_label url"),
        "active": True,
        "images": [],
        "marketing_features": [],
        "name": name,
        "updated": seconds(created),
    }


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
) -> Body:
    """A recurring price."""
    return {
        **base(ident, "price", created, metadata),
        **nulls("custom_unit_amount lookup_key nickname tiers_mode transform_quantity"),
        "active": True,
        "billing_scheme": "per_unit",
        "currency": currency,
        "product": product,
        "recurring": {
            "interval": interval,
            "interval_count": interval_count,
            "meter": None,
            "usage_type": "licensed",
        },
        "tax_behavior": "unspecified",
        "type": "recurring",
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
    item: Body = {
        "id": ident.replace("sub", "si", 1),
        "object": "subscription_item",
        "billing_thresholds": None,
        "created": seconds(created),
        "current_period_end": seconds(period_end),
        "current_period_start": seconds(period_start),
        "discounts": [],
        "metadata": {},
        "price": price,
        "quantity": 1,
        "subscription": ident,
        "tax_rates": [],
    }
    return {
        **base(ident, "subscription", created, metadata),
        **nulls(
            "application application_fee_percent billing_cycle_anchor_config billing_thresholds cancel_at canceled_at "
            "customer_account days_until_due default_source description ended_at next_pending_invoice_item_invoice "
            "on_behalf_of pause_collection pending_invoice_item_interval pending_setup_intent pending_update schedule "
            "test_clock transfer_data trial_end trial_start"
        ),
        "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
        "billing_cycle_anchor": seconds(period_start),
        "billing_mode": {"flexible": {"proration_discounts": "included"}, "type": "flexible"},
        "billing_schedules": [],
        "cancel_at_period_end": False,
        "cancellation_details": {"comment": None, "feedback": None, "reason": None},
        "collection_method": "charge_automatically",
        "currency": price["currency"],
        "customer": customer,
        "default_payment_method": default_payment_method,
        "default_tax_rates": [],
        "discounts": [],
        "invoice_settings": {"account_tax_ids": None, "issuer": {"type": "self"}},
        "items": {
            "object": "list",
            "data": [item],
            "has_more": False,
            "url": f"/v1/subscription_items?subscription={ident}",
        },
        "latest_invoice": latest_invoice,
        "payment_settings": {
            "payment_method_options": None,
            "payment_method_types": None,
            "save_default_payment_method": "off",
        },
        "start_date": seconds(created),
        "status": status,
        "trial_settings": {"end_behavior": {"missing_payment_method": "create_invoice"}},
    }
