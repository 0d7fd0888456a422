"""Subscription schedules: which price a subscription has from when on."""

from datetime import datetime

from members.stripe_standin.building.blanks import nulls
from members.stripe_standin.building.bodies import Body, base


def subscription_schedule(ident: str, *, subscription: Body, created: datetime) -> Body:
    """Made from a running subscription: one phase, the present period at the present price, then let go."""
    item = subscription["items"]["data"][0]
    start, end = item["current_period_start"], item["current_period_end"]
    return {
        **base(ident, "subscription_schedule", created, None),
        "current_phase": {"start_date": start, "end_date": end},
        "customer": subscription["customer"],
        "phases": [phase(item["price"]["id"], start, end, subscription["currency"])],
        "subscription": subscription["id"],
    }


def phase(price: str, start: int, end: int, currency: str, *, proration_behavior: str = "create_prorations") -> Body:
    nothing = nulls(
        "application_fee_percent billing_cycle_anchor billing_thresholds collection_method default_payment_method "
        "description invoice_settings on_behalf_of transfer_data trial_end"
    )
    return {
        **nothing,
        "add_invoice_items": [],
        "currency": currency,
        "default_tax_rates": [],
        "discounts": [],
        "end_date": end,
        "items": [
            {
                "billing_thresholds": None,
                "discounts": [],
                "metadata": {},
                "price": price,
                "quantity": 1,
                "tax_rates": [],
            }
        ],
        "metadata": {},
        "proration_behavior": proration_behavior,
        "start_date": start,
    }
