"""A subscriber at the stand-in, made through the real SDK."""

from dataclasses import dataclass
from typing import Any

import stripe

from common import clock
from members.models import StandinObject
from members.stripe_gateway import connection
from members.stripe_standin import playing


@dataclass(frozen=True)
class Subscriber:
    customer: str
    subscription: str
    price: str
    payment_method: str


def sdk() -> Any:
    """The real SDK's services, answered by the stand-in."""
    return connection.client().v1


def make_price(*, amount: int = 19900) -> stripe.Price:
    product = sdk().products.create({"name": "Membership Glow"})
    return sdk().prices.create(
        {"product": product.id, "unit_amount": amount, "currency": "usd", "recurring": {"interval": "month"}}
    )


def make_subscriber(*, card: str = "visa", amount: int = 19900) -> Subscriber:
    """Subscribed and paid with a good card, which is the customer's default; then `card` takes its place."""
    price = make_price(amount=amount)
    customer = sdk().customers.create()
    saved = sdk().payment_methods.attach("pm_card_visa", {"customer": customer.id})
    sdk().customers.update(customer.id, {"invoice_settings": {"default_payment_method": saved.id}})
    subscription = sdk().subscriptions.create({"customer": customer.id, "items": [{"price": price.id}]})
    used = saved.id if card == "visa" else playing.give_card(customer.id, card, now=clock.now())
    return Subscriber(customer.id, subscription.id, price.id, used)


def make_failed_invoice(*, card: str = "insufficient_funds") -> tuple[Subscriber, str]:
    """A subscriber whose renewal was just declined, and the open invoice's id."""
    subscriber = make_subscriber(card=card)
    return subscriber, playing.renew(subscriber.subscription, now=clock.now())


def happened(*, since: int = 0) -> list[str]:
    """Types of the events so far, oldest first, without the first `since`."""
    rows = StandinObject.objects.filter(kind="event").order_by("created_at", "pk")
    return list(rows.values_list("body__type", flat=True))[since:]
