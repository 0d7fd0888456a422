"""Customers and their saved cards."""

from datetime import datetime
from typing import Any

from members.stripe_standin.building.bodies import Body, base
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
        "invoice_prefix": ident[-8:].upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": default_payment_method,
            "footer": None,
            "rendering_options": None,
        },
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
    printed = {
        "brand": brand or test.brand,
        "display_brand": brand or test.brand,
        "exp_month": exp_month,
        "exp_year": exp_year or created.year + 3,
        "fingerprint": test.name,
        "last4": last4 or test.last4,
        "networks": {"available": [brand or test.brand], "preferred": None},
    }
    return {
        **base(ident, "payment_method", created, None),
        "card": {
            "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
            "country": "US",
            "funding": "credit",
            "generated_from": None,
            "regulated_status": "unregulated",
            "three_d_secure_usage": {"supported": True},
            "wallet": None,
            **printed,
        },
        "customer": customer,
    }
