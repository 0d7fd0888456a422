"""/v1/events: what happened, newest first."""

from django.db.models import Q

from members.stripe_standin import store
from members.stripe_standin.calls import Answer, Call


def retrieve(call: Call) -> Answer:
    return store.get("event", call.ident)


def list_all(call: Call) -> Answer:
    kinds = call.params.get("types") or ([call.params["type"]] if call.params.get("type") else [])
    return store.page("event", only=Q(body__type__in=kinds) if kinds else None, **call.paging)
