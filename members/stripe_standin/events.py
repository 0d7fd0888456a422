"""Every change is an event: a row with the object as it then was, which the worker delivers to our webhook."""

from copy import deepcopy
from datetime import datetime

from django.conf import settings
from django_q.tasks import async_task

from members.stripe_standin import ids, store, tasks, watchers
from members.stripe_standin.store import Body


def emit(kind: str, body: Body, *, now: datetime, before: Body | None = None) -> None:
    """Write the event in the caller's transaction and queue its delivery. `before` tells what an update changed."""
    data: Body = {"object": deepcopy(body)}
    if before is not None:
        data["previous_attributes"] = {name: was for name, was in before.items() if body.get(name) != was}
    event = store.add(
        {
            "id": ids.new("evt"),
            "object": "event",
            "api_version": settings.STRIPE_API_VERSION,
            "created": int(now.timestamp()),
            "data": data,
            "livemode": False,
            "pending_webhooks": 1,
            "request": {"id": None, "idempotency_key": None},
            "type": kind,
        }
    )
    for watch in watchers.events:
        watch(event)
    async_task(tasks.deliver, event["id"])
