"""/v1/events: what happened, newest first."""

from django.db.models import Q

from members.stripe_standin import forms, store
from members.stripe_standin.calls import Answer, Call
from members.stripe_standin.problems import unknown


def retrieve(call: Call) -> Answer:
    return store.get("event", call.ident)


def list_all(call: Call) -> Answer:
    """`created[gte]` and the like bound the time; Stripe keeps 30 days of them."""
    only = Q()
    kinds = call.params.get("types") or ([call.params["type"]] if call.params.get("type") else [])
    if kinds:
        only &= Q(body__type__in=kinds)
    for bound, word in (call.params.get("created") or {}).items():
        if bound not in ("gt", "gte", "lt", "lte"):
            raise unknown(f"created[{bound}]")
        only &= Q(**{f"body__created__{bound}": forms.integer(word, f"created[{bound}]")})
    return store.page("event", only=only, **call.paging)
