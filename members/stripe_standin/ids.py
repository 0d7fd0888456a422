"""Ids in Stripe's manner. Later ones sort after earlier ones, so lists and deliveries keep their order."""

import secrets
import time


def new(prefix: str) -> str:
    return f"{prefix}_{time.time_ns():016x}{secrets.token_hex(4)}"
