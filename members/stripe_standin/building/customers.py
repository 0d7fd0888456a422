"""Customers and their saved cards."""

from datetime import datetime
from typing import Any

from members.stripe_standin.building.bodies import Body, base, nulls
from members.stripe_standin.cards import CARDS


def customer(
    ident: str,
    *,
    created: datetime,
    default_payment_method: str | None = None,
    metadata: Body | None = None,
    **given: Any,
) -> Body:
    """`given`: name, email, phone, description."""
    return {
        **base(ident, "customer", created, metadata),
        **nulls("address currency default_source description discount email name phone shipping test_clock"),
        "balance": 0,
        "delinquent": False,
        "invoice_prefix": ident[-8:].upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": default_payment_method,
            "footer": None,
            "rendering_options": None,
        },
        "next_invoice_sequence": 1,
        "preferred_locales": [],
        "tax_exempt": "none",
        **given,
    }


def payment_method(
    ident: str,
    *,
    customer: str | None,
    created: datetime,
    card: str = "visa",
    last4: str = "",
    brand: str = "",
    exp_month: int = 12,
    exp_year: int = 0,
) -> Body:
    """A saved card that behaves as the named test card; a seed may print other digits on it."""
    test = CARDS[card]
    return {
        **base(ident, "payment_method", created, None),
        "allow_redisplay": "unspecified",
        "billing_details": {
            "address": nulls("city country line1 line2 postal_code state"),
            **nulls("email name phone tax_id"),
        },
        "card": {
            "brand": brand or test.brand,
            "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
            "country": "US",
            "display_brand": brand or test.brand,
            "exp_month": exp_month,
            "exp_year": exp_year or created.year + 3,
            "fingerprint": test.name,
            "funding": "credit",
            "generated_from": None,
            "last4": last4 or test.last4,
            "networks": {"available": [brand or test.brand], "preferred": None},
            "regulated_status": "unregulated",
            "three_d_secure_usage": {"supported": True},
            "wallet": None,
        },
        "customer": customer,
        "type": "card",
    }
