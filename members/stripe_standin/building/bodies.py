"""How every body begins."""

from copy import deepcopy
from datetime import datetime
from typing import Any

from members.stripe_standin.building.blanks import BLANKS

Body = dict[str, Any]


def base(ident: str, kind: str, created: datetime, metadata: Body | None) -> Body:
    """A new resource with everything at its default; the builder sets the rest."""
    return {
        "id": ident,
        "object": kind,
        "created": seconds(created),
        "livemode": False,
        "metadata": metadata or {},
        **deepcopy(BLANKS.get(kind, {})),
    }


def seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def maybe_seconds(moment: datetime | None) -> int | None:
    return seconds(moment) if moment else None
