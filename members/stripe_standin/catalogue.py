"""/v1/products and /v1/prices: what is sold. Names must be neutral (R106)."""

from members.stripe_standin import building, events, forms, ids, store
from members.stripe_standin.calls import Answer, Call
from members.stripe_standin.problems import invalid


def create_product(call: Call) -> Answer:
    body = building.product(
        ids.new("prod"), name=call.need("name"), created=call.now, metadata=call.params.get("metadata")
    )
    store.add(body)
    events.emit("product.created", body, now=call.now)
    return body


def retrieve_product(call: Call) -> Answer:
    return store.get("product", call.ident)


def list_products(call: Call) -> Answer:
    return store.page("product", **call.paging)


def create_price(call: Call) -> Answer:
    """Recurring prices only."""
    recurring = call.need("recurring")
    if recurring.get("interval") not in ("month", "year"):
        raise invalid("Only prices by month or year can be made here.", param="recurring[interval]")
    body = building.price(
        ids.new("price"),
        product=store.get("product", call.need("product"), param="product", status=400)["id"],
        unit_amount=forms.integer(call.need("unit_amount"), "unit_amount"),
        currency=call.need("currency"),
        interval=recurring["interval"],
        interval_count=forms.integer(recurring.get("interval_count", "1"), "recurring[interval_count]"),
        created=call.now,
        metadata=call.params.get("metadata"),
    )
    store.add(body)
    events.emit("price.created", body, now=call.now)
    return body


def retrieve_price(call: Call) -> Answer:
    return store.get("price", call.ident)


def list_prices(call: Call) -> Answer:
    return store.page("price", parent=call.word("product"), **call.paging)
