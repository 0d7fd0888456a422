"""Claim a row of work with one conditional UPDATE: of many workers exactly one goes on."""

from typing import Any

from django.db.models import QuerySet


def claim(rows: QuerySet[Any], **values: Any) -> bool:
    """True if this caller changed a row of `rows` (filtered to the unclaimed state) and so owns the work."""
    return rows.update(**values) == 1
