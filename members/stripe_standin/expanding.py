"""`expand[]`: ids in an answer become whole objects."""

from copy import deepcopy
from typing import Any

from members.stripe_standin import store
from members.stripe_standin.problems import invalid
from members.stripe_standin.store import Body


def expanded(body: Body, paths: list[str]) -> Body:
    """A copy with each dotted path ("data.payment.payment_intent") expanded. Raises Problem for a field that is not."""
    copy = deepcopy(body)
    for path in paths:
        _expand(copy, path.split("."), path)
    return copy


def _expand(node: Any, parts: list[str], path: str) -> None:
    if isinstance(node, list):
        for each in node:
            _expand(each, parts, path)
        return
    if not parts or node is None:
        return
    name, *rest = parts
    if name == "payments" and node.get("object") == "invoice":  # left out of an invoice unless asked for
        node[name] = store.page(
            "invoice_payment", f"/v1/invoice_payments?invoice={node['id']}", parent=node["id"], limit=10
        )
    elif name not in node:
        raise invalid(f"This property cannot be expanded ({path}).", param="expand")
    elif isinstance(node[name], str):
        node[name] = store.anything(node[name]) or node[name]
    if isinstance(node[name], dict | list):
        _expand(node[name], rest, path)
