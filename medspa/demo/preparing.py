"""What a demo needs before its processes start. Each step is skipped when its work is already done."""

import socket
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from common.errors import Refused

Say = Callable[[str], object]


def reset() -> str:
    """Start over: remove the demo's data and its clock offset. Returns what was removed, in words.

    Raises Refused for a database that does not look like a demo's.
    """
    name = str(connection.settings_dict["NAME"])
    if "demo" not in Path(name).name:
        raise Refused(
            f"The database “{Path(name).name}” is not a demo's: its name has to contain “demo”. Nothing was deleted.",
            code="not_a_demo",
        )
    if settings.CLOCK_OFFSET_FILE:
        Path(settings.CLOCK_OFFSET_FILE).unlink(missing_ok=True)
    if connection.vendor == "sqlite":
        connection.close()
        for part in ("", "-wal", "-shm"):
            Path(name + part).unlink(missing_ok=True)
        return f"Deleted {name}."
    if "django_migrations" in connection.introspection.table_names():
        call_command("flush", interactive=False, verbosity=0)
    return f"Emptied the database {name}."


def migrate(say: Say) -> None:
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        say("Setting up the database …")
        call_command("migrate", interactive=False, verbosity=0)


def collect_static(say: Say) -> None:
    """Only where a source file is newer than the last collection."""
    manifest = Path(settings.STATIC_ROOT) / "staticfiles.json"
    sources = [Path(folder) for folder in settings.STATICFILES_DIRS]
    newest = max((file.stat().st_mtime for folder in sources for file in folder.rglob("*")), default=0.0)
    if not manifest.exists() or manifest.stat().st_mtime < newest:
        say("Collecting static files …")
        call_command("collectstatic", interactive=False, verbosity=0, clear=True)


def require_free_port(host: str, port: int) -> None:
    """Raises Refused with a sentence that says what to do."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Refused(
                f"Port {port} cannot be used ({error.strerror}). Stop what uses it, or choose another: "
                f"PORT={port + 1} make demo",
                code="port_taken",
            ) from None
