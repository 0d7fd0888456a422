"""Products and prices: what Stripe charges for a version of a plan."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import stripe

from members.stripe_gateway.connection import StripeRefused, client, errors_named
from members.stripe_gateway.facts import id_of

if TYPE_CHECKING:
    from stripe.params import PriceCreateParams

_LISTED = 100


@dataclass(frozen=True)
class PriceFacts:
    id: str
    product_id: str
    product_name: str  # "" where only the id was read
    cents: int | None  # None for a price in tiers or one that the customer chooses
    currency: str
    interval: str  # "" for a one-off price
    interval_count: int
    active: bool


def create_price(
    *, product_name: str, like_price_id: str, cents: int, currency: str, interval: str, lookup_key: str, key: str
) -> PriceFacts:
    """A recurring price; on the product of `like_price_id` where that is one, else on a new product.

    `lookup_key` is its name for good: where a price with it exists, that one is returned, also long after Stripe has
    forgotten the idempotency key. Raises StripeRefused too when it exists for another amount.
    """
    prices = client().v1.prices
    with errors_named():
        made = prices.list({"lookup_keys": [lookup_key], "limit": 1}).data
        found = made[0] if made else None
        if found is None:
            wanted: PriceCreateParams = {
                "unit_amount": cents,
                "currency": currency,
                "recurring": {"interval": "year" if interval == "year" else "month"},
                "lookup_key": lookup_key,
            }
            if like_price_id:
                wanted["product"] = id_of(prices.retrieve(like_price_id).product)
            else:
                wanted["product_data"] = {"name": product_name}
            found = prices.create(wanted, {"idempotency_key": key})
    facts = _facts(found)
    if (facts.cents, facts.currency, facts.interval, facts.interval_count) != (cents, currency, interval, 1):
        raise StripeRefused(f"The price {facts.id} is named {lookup_key}, but is for another amount.")
    return facts


def fetch_price(price_id: str) -> PriceFacts:
    with errors_named():
        return _facts(client().v1.prices.retrieve(price_id, {"expand": ["product"]}))


def recurring_prices(*, currency: str, interval: str) -> list[PriceFacts]:
    """What the account has on sale in this currency and rhythm, the newest first; at most a few hundred."""
    with errors_named():
        page = client().v1.prices.list(
            {"active": True, "currency": currency, "type": "recurring", "limit": _LISTED, "expand": ["data.product"]}
        )
        found = [_facts(each) for each in page.data]
        while page.has_more and len(found) < 5 * _LISTED:
            page = client().v1.prices.list(
                {
                    "active": True, "currency": currency, "type": "recurring", "limit": _LISTED,
                    "expand": ["data.product"], "starting_after": found[-1].id,
                }
            )  # fmt: skip
            found += [_facts(each) for each in page.data]
    return [price for price in found if (price.interval, price.interval_count) == (interval, 1)]


def _facts(found: stripe.Price) -> PriceFacts:
    product, recurring = found.product, found.recurring
    return PriceFacts(
        id=found.id,
        product_id=id_of(product),
        product_name=getattr(product, "name", None) or "",
        cents=found.unit_amount,
        currency=found.currency,
        interval=recurring.interval if recurring else "",
        interval_count=recurring.interval_count if recurring else 0,
        active=found.active,
    )
