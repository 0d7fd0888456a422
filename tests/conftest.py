"""What every test gets: no network, and a way to run what the doors queued."""

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django_q.models import OrmQ
from django_q.signing import SignedPackage

import medspa.urls  # noqa: F401  (mounts the demo's pages by DEMO as it is now, before a test turns it off)
from tests.doubles.stripe_contract import stripe_contract  # noqa: F401  (in force in every test)

_real_connect = socket.socket.connect


@pytest.fixture(autouse=True)
def _no_network(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sockets are refused, but for the database, for this machine where a test says so, for tests of Stripe itself."""
    if request.node.get_closest_marker("stripe_live"):
        return

    to_this_machine = request.node.get_closest_marker("browser") or request.node.get_closest_marker("loopback")

    def refuse(self: socket.socket, address: Any) -> Any:
        host = address[0] if isinstance(address, tuple) else ""
        if to_this_machine and host in ("127.0.0.1", "localhost", "::1"):
            return _real_connect(self, address)
        raise AssertionError(f"A test tried to open a network connection to {address!r}.")

    monkeypatch.setattr(socket.socket, "connect", refuse)


def run_queued_tasks(limit: int = 200) -> int:
    """Run what `async_task` queued, oldest first, until the queue is empty. Returns how many ran."""
    ran = 0
    while task := OrmQ.objects.order_by("pk").first():
        payload = SignedPackage.loads(task.payload)
        task.delete()
        payload["func"](*payload["args"], **payload["kwargs"])
        ran += 1
        assert ran < limit, "tasks queue each other without end"
    return ran


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """A server's thread of a browser test may still hold its connection when the database is to be dropped."""
    yield
    if connection.vendor == "postgresql":
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )


@pytest.fixture
def drain(db: None) -> Callable[[], int]:
    return run_queued_tasks


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("postgres"):
            item.add_marker(pytest.mark.skipif(connection.vendor != "postgresql", reason="needs PostgreSQL"))


@pytest.fixture(autouse=True)
def _fresh_cache() -> None:
    cache.clear()
