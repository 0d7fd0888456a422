"""Ids in Stripe's manner. Later ones sort after earlier ones, so lists and deliveries keep their order."""

import secrets
import time


def new(prefix: str, *, length: int = 24) -> str:
    """`length` characters after the prefix (24 or more); Stripe's are of many lengths."""
    return f"{prefix}_{time.time_ns():016x}{secrets.token_hex(length)}"[: len(prefix) + 1 + length]
