"""What a change of price in the middle of a period costs, to the second and to the cent, as Stripe documents it.

Credit for the unused time on the old price, charge for the same time on the new one. A change of interval starts a
new period at the moment of the change, and the whole new price is due.
"""

from datetime import datetime

from common import clock, money
from members.stripe_standin.building.bodies import Body, seconds


def lines(subscription: Body, price: Body, *, at: datetime, product: str, new_product: str) -> list[Body]:
    """The two lines of an invoice, without its id: `price` (a whole body) takes the place of the present one."""
    item = subscription["items"]["data"][0]
    old, began, ends = item["price"], item["current_period_start"], item["current_period_end"]
    now = min(max(seconds(at), began), ends)
    credit = -_share(old["unit_amount"], ends - now, ends - began)
    unused = _line(
        subscription, old, credit, (now, ends), f"Unused time on {product} after {_day(now)}", proration=True
    )
    if same_interval(old, price):
        charge = _share(price["unit_amount"], ends - now, ends - began)
        words = f"Remaining time on {new_product} after {_day(now)}"
        return [unused, _line(subscription, price, charge, (now, ends), words, proration=True)]
    until = seconds(period_end(price, datetime.fromtimestamp(now, at.tzinfo)))
    words = f"1 × {new_product} (at {money.readable(price['unit_amount'])} / {price['recurring']['interval']})"
    return [unused, _line(subscription, price, price["unit_amount"], (now, until), words, proration=False)]


def same_interval(one: Body, other: Body) -> bool:
    return all(one["recurring"][name] == other["recurring"][name] for name in ("interval", "interval_count"))


def period_end(price: Body, start: datetime) -> datetime:
    count = int(price["recurring"]["interval_count"]) * (12 if price["recurring"]["interval"] == "year" else 1)
    return clock.months_later(start, count)


def _share(cents: int, part: int, whole: int) -> int:
    """Rounded to the nearest cent, halves up."""
    return (2 * cents * part + whole) // (2 * whole)


def _day(moment: int) -> str:
    day = datetime.fromtimestamp(moment, tz=clock.now().tzinfo)
    return f"{day.day} {day:%b %Y}"


def _line(
    subscription: Body, price: Body, amount: int, period: tuple[int, int], description: str, *, proration: bool
) -> Body:
    details = {
        "invoice_item": None,
        "proration": proration,
        "proration_details": {"credited_items": None},
        "subscription": subscription["id"],
        "subscription_item": subscription["items"]["data"][0]["id"],
    }
    return {
        "object": "line_item",
        "amount": amount,
        "currency": price["currency"],
        "description": description,
        "discount_amounts": [],
        "discountable": not proration,
        "discounts": [],
        "livemode": False,
        "metadata": {},
        "parent": {
            "invoice_item_details": None,
            "subscription_item_details": details,
            "type": "subscription_item_details",
        },
        "period": {"start": period[0], "end": period[1]},
        "pretax_credit_amounts": [],
        "pricing": {
            "price_details": {"price": price["id"], "product": price["product"]},
            "type": "price_details",
            "unit_amount_decimal": price["unit_amount_decimal"],
        },
        "quantity": 1,
        "subtotal": amount,
        "taxes": [],
    }
