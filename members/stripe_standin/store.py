"""The stand-in's memory: one row a resource, found by id, listed newest first."""

from datetime import UTC, datetime
from typing import Any

from django.db.models import Q

from members.models import StandinObject
from members.stripe_standin.problems import invalid, missing

Body = dict[str, Any]


def row(body: Body) -> StandinObject:
    """An unsaved row for a resource, with the columns that lists filter by."""
    owner = body.get("customer")
    return StandinObject(
        id=body["id"],
        kind=body["object"],
        customer=owner if isinstance(owner, str) else "",
        parent=_parent(body),
        body=body,
        created_at=datetime.fromtimestamp(body["created"] if "created" in body else body["date"], UTC),
    )


def add(body: Body) -> Body:
    row(body).save(force_insert=True)
    return body


def change(body: Body) -> Body:
    saved = row(body)
    StandinObject.objects.filter(pk=saved.pk).update(body=body, customer=saved.customer, parent=saved.parent)
    return body


def get(kind: str, ident: str, *, param: str = "id", status: int = 404) -> Body:
    """Raises Problem resource_missing."""
    found: Body | None = StandinObject.objects.filter(kind=kind, pk=ident).values_list("body", flat=True).first()
    if found is None:
        raise missing(kind, ident, param=param, status=status)
    return found


def hold(kind: str, ident: str, *, param: str = "id", status: int = 404) -> Body:
    """The same, locked until the request's transaction ends. Raises Problem resource_missing."""
    found = StandinObject.objects.select_for_update().filter(kind=kind, pk=ident).first()
    if found is None:
        raise missing(kind, ident, param=param, status=status)
    body: Body = found.body
    return body


def anything(ident: str) -> Body | None:
    """Whatever resource has this id: what an expanded field becomes."""
    return StandinObject.objects.filter(pk=ident).values_list("body", flat=True).first()


def every(kind: str, **columns: Any) -> list[Body]:
    """All of a kind, oldest first."""
    return list(_of(kind, columns).order_by("created_at", "pk").values_list("body", flat=True))


def page(
    kind: str, url: str, *, limit: int = 10, starting_after: str = "", only: Q | None = None, **columns: Any
) -> Body:
    """A list object in Stripe's shape, newest first; `starting_after` is the last id of the page before."""
    rows = _of(kind, {name: value for name, value in columns.items() if value})
    if only is not None:
        rows = rows.filter(only)
    if starting_after:
        last = StandinObject.objects.filter(kind=kind, pk=starting_after).first()
        if last is None:
            raise missing(kind, starting_after, param="starting_after", status=400)
        older = Q(created_at__lt=last.created_at) | Q(created_at=last.created_at, pk__lt=last.pk)
        rows = rows.filter(older)
    if not 1 <= limit <= 100:
        raise invalid("The limit must be between 1 and 100.", param="limit")
    found = list(rows.order_by("-created_at", "-pk").values_list("body", flat=True)[: limit + 1])
    return {"object": "list", "data": found[:limit], "has_more": len(found) > limit, "url": url}


def _of(kind: str, columns: dict[str, Any]) -> Any:
    return StandinObject.objects.filter(kind=kind, **columns)


def _parent(body: Body) -> str:
    """Subscription of an invoice, invoice of a payment, product of a price."""
    if body["object"] == "invoice":
        details = (body["parent"] or {}).get("subscription_details") or {}
        return str(details.get("subscription") or "")
    if body["object"] == "invoice_payment":
        return str(body["invoice"])
    return str(body["product"]) if body["object"] == "price" else ""
