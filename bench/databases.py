"""A database of its own for each run, made and dropped on the PostgreSQL server that DATABASE_URL names.

The practice's own database is never opened for writing: its name is replaced before the first query of a bench.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connection

from common.errors import Refused


def refuse_unsafe() -> None:
    """Raises Refused (not_here) where a bench could disturb a practice, or would say nothing about one."""
    if not settings.DEMO or settings.STRIPE_API_KEY or settings.TWILIO_ACCOUNT_SID:
        raise Refused(
            "A bench wants a machine that serves nobody: set DEMO=true and no key of Stripe or Twilio.", code="not_here"
        )
    if connection.vendor != "postgresql":
        raise Refused("A bench on SQLite says nothing about production. Set DATABASE_URL=postgres://…", code="not_here")


@contextmanager
def own() -> Iterator[str]:
    """Migrated and empty; dropped afterwards, also when the bench fails. Yields its name. Raises Refused (not_here)."""
    refuse_unsafe()
    practice = settings.DATABASES["default"]["NAME"]
    name = f"medspa_bench_{os.getpid()}"
    connection.settings_dict["TEST"]["NAME"] = name
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        yield name
    finally:
        connection.creation.destroy_test_db(practice, verbosity=0)


@contextmanager
def copied() -> Iterator[None]:
    """Inside, all work is done in a copy of the bench's own database as it is now; the copy is dropped."""
    name = connection.settings_dict["NAME"]
    copy = f"{name}_copy"
    connection.close()
    _on_server(f'CREATE DATABASE "{copy}" TEMPLATE "{name}"')
    connection.settings_dict["NAME"] = copy
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = name
        _on_server(f'DROP DATABASE "{copy}"')


def _on_server(statement: str) -> None:
    """By way of another database: one in use cannot be copied, nor dropped."""
    with connection._nodb_cursor() as cursor:
        cursor.execute(statement)


def url() -> str:
    """The present database as DATABASE_URL, for a process that is started anew."""
    at = connection.settings_dict
    who = f"{at['USER']}:{at['PASSWORD']}" if at["PASSWORD"] else at["USER"]
    return f"postgres://{who}@{at['HOST']}:{at['PORT'] or 5432}/{at['NAME']}"


def settle(*tables: str) -> None:
    """What autovacuum would do in an hour of peace; to all tables unless some are named."""
    with connection.cursor() as cursor:
        cursor.execute(f"VACUUM ANALYZE {', '.join(tables)}")
