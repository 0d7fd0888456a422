"""One judgement at a time about one person, so that no two messages are each let through for not seeing the other."""

import hashlib

from django.db import connection

from outreach.models import Message

_PURPOSE = "gate"


def wait_for_turn(message: Message) -> None:
    """Hold the person's number and record until the caller's transaction ends (R24, R25).

    SQLite needs nothing: there a transaction that begins to write is alone.
    """
    if connection.vendor != "postgresql":
        return
    keys = sorted({_key("address", message.address), _key("patient", str(message.patient_id or message.address))})
    with connection.cursor() as cursor:  # sorted: two workers that want the same two never wait for each other
        for key in keys:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key])


def _key(what: str, which: str) -> int:
    digest = hashlib.blake2b(f"{_PURPOSE}:{what}:{which}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
