"""Where tests look on: each request with its answer, and each event. Empty in the product."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Exchange:
    """One request as the SDK put it on the wire, and its answer."""

    method: str
    url: str
    form: str
    status: int
    body: dict[str, Any]


exchanges: list[Callable[[Exchange], None]] = []
events: list[Callable[[dict[str, Any]], None]] = []
