"""Rounds of recurring work end in time: the queue kills a task that runs over its limit, in the middle of a send."""

import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from django.conf import settings

T = TypeVar("T")


def in_time(rows: Iterable[T]) -> Iterator[T]:
    """Row by row until ROUND_SECONDS have passed, but at least one; what is left is the next round's."""
    began = time.monotonic()
    for row in rows:
        yield row
        if time.monotonic() - began >= settings.ROUND_SECONDS:
            return
