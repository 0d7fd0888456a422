"""/v1/products and /v1/prices: what is sold. Names must be neutral (R106)."""

from django.db.models import Q, QuerySet

from members.models import StandinObject
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
    """Recurring prices only; `product_data` makes the product with it. A lookup key names one price."""
    recurring = call.need("recurring")
    if recurring.get("interval") not in ("month", "year"):
        raise invalid("Only prices by month or year can be made here.", param="recurring[interval]")
    lookup_key = call.word("lookup_key") or None
    if lookup_key and _keyed([lookup_key]).exists():
        raise invalid("A price already uses that lookup key.", param="lookup_key")
    body = building.price(
        ids.new("price"),
        product=_product_of(call),
        unit_amount=forms.integer(call.need("unit_amount"), "unit_amount"),
        currency=call.need("currency"),
        interval=recurring["interval"],
        interval_count=forms.integer(recurring.get("interval_count", "1"), "recurring[interval_count]"),
        created=call.now,
        metadata=call.params.get("metadata"),
        lookup_key=lookup_key,
    )
    store.add(body)
    events.emit("price.created", body, now=call.now)
    return body


def retrieve_price(call: Call) -> Answer:
    return store.get("price", call.ident)


def list_prices(call: Call) -> Answer:
    """All are recurring, so `type` can only be that."""
    only = Q()
    if "active" in call.params:
        only &= Q(body__active=forms.boolean(call.params["active"], "active"))
    if call.word("currency"):
        only &= Q(body__currency=call.word("currency"))
    if call.word("type") not in ("", "recurring"):
        raise invalid("Only recurring prices are known here.", param="type")
    if keys := call.params.get("lookup_keys"):
        only &= Q(body__lookup_key__in=keys)
    return store.page("price", parent=call.word("product"), only=only, **call.paging)


def _product_of(call: Call) -> str:
    if "product_data" not in call.params:
        return str(store.get("product", call.need("product"), param="product", status=400)["id"])
    named = call.params["product_data"]
    if set(named) != {"name"}:
        raise invalid("A product is made with its name here.", param="product_data")
    body = store.add(building.product(ids.new("prod"), name=named["name"], created=call.now))
    events.emit("product.created", body, now=call.now)
    return str(body["id"])


def _keyed(keys: list[str]) -> QuerySet[StandinObject]:
    return StandinObject.objects.filter(kind="price", body__lookup_key__in=keys)
