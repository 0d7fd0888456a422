"""The three processes of the demo, as functions that a fork of the supervisor runs."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django_q.cluster import Cluster
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]

from concierge.understanding import encoder, local
from medspa.demo.supervisor import Child


class _Web(BaseApplication):  # type: ignore[misc]
    """gunicorn with our settings and nothing from its command line or a file."""

    def __init__(self, address: str) -> None:
        self.address = address
        super().__init__()

    def load_config(self) -> None:
        for name, value in {
            "bind": self.address,
            "worker_class": "gthread",
            "workers": 1,
            "threads": 8,
            "graceful_timeout": 5,
            "control_socket_disable": True,
        }.items():
            self.cfg.set(name, value)

    def load(self) -> Callable[..., Any]:
        from medspa.wsgi import application

        return application


def _work() -> None:
    """What `manage.py qcluster` does; that one leaves the waiting to the interpreter's exit, which a fork never has."""
    local.learn(
        with_encoder=encoder.is_usable()
    )  # half a minute at the first start; pages and ticker do not wait for it
    local.preload()
    cluster = Cluster()
    cluster.start()
    cluster.sentinel.join()


def children(host: str) -> list[Child]:
    address = f"[{host}]:{settings.PORT}" if ":" in host else f"{host}:{settings.PORT}"
    return [
        Child("web", lambda: _Web(address).run()),
        Child("worker", _work, grace=20),
        Child("ticker", lambda: call_command("tick", every=3.0)),
    ]
