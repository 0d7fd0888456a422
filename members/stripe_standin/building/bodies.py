"""What every resource has."""

from datetime import datetime
from typing import Any

Body = dict[str, Any]


def base(ident: str, kind: str, created: datetime, metadata: Body | None) -> Body:
    return {
        "id": ident,
        "object": kind,
        "created": seconds(created),
        "livemode": False,
        "metadata": metadata or {},
    }


def nulls(names: str) -> Body:
    return dict.fromkeys(names.split())


def seconds(moment: datetime) -> int:
    return int(moment.timestamp())
