"""Stripe's events, stored as its door stores them."""

from itertools import count
from typing import Any

from members import billing
from members.models import StripeEvent
from tests.factories import NOON

_numbers = count(1)


def stored(kind: str, object_id: str, *, version: str = "2026-05-27.dahlia", **named: Any) -> StripeEvent:
    """A new event about an object; `named`: more fields of that object, as `customer`."""
    made = billing.record(
        event={
            "id": f"evt_made_{next(_numbers)}",
            "object": "event",
            "type": kind,
            "api_version": version,
            "livemode": False,
            "created": int(NOON.timestamp()),
            "data": {"object": {"id": object_id, "object": kind.split(".")[0], **named}},
        },
        now=NOON,
    )
    assert made is not None
    return made
