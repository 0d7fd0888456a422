"""Web processes and a queue on the bench's database, started as in production, each in a group of its own."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from bench import databases

PRODUCT, BARE = "medspa.wsgi", "bench.bare.wsgi"
_START_SECONDS = 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def web(application: str, *, port: int, workers: int = 2) -> Iterator[None]:
    """gunicorn as docs/going-to-production.md starts it. Raises RuntimeError with its log if it does not come up."""
    options = f"--bind 127.0.0.1:{port} --worker-class gthread --workers {workers} --threads 4 --no-control-socket"
    command = [sys.executable, "-m", "gunicorn", application, *options.split()]
    with _running(command, port, ready=lambda: _answers(port)):
        yield


@contextmanager
def queue(*, port: int, ready: Callable[[], bool], seconds: float = _START_SECONDS) -> Iterator[None]:
    """`qcluster` as production starts it; `port` is that of the web process that it reports to."""
    with _running([sys.executable, "manage.py", "qcluster"], port, ready=ready, seconds=seconds):
        yield


def base_url(port: int) -> str:
    return f"http://127.0.0.1:{port}"


@contextmanager
def _running(
    command: list[str], port: int, *, ready: Callable[[], bool], seconds: float = _START_SECONDS
) -> Iterator[None]:
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(  # noqa: S603  (our own command line)
            command, env=_environment(port), cwd=Path(settings.BASE_DIR), stdout=log, stderr=log, start_new_session=True
        )
        try:
            _wait(process, ready, seconds, log)
            yield
        finally:
            _stop(process)


def _environment(port: int) -> dict[str, str]:
    return {
        **os.environ, "DATABASE_URL": databases.url(), "DEMO": "true", "PUBLIC_BASE_URL": base_url(port),
        "LOG_LEVEL": "WARNING", "DJANGO_SETTINGS_MODULE": "medspa.settings", "CLOCK_OFFSET_FILE": "",
    }  # fmt: skip


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _wait(process: subprocess.Popen[bytes], ready: Callable[[], bool], seconds: float, log: object) -> None:
    deadline = time.monotonic() + seconds
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{process.args!r} did not start: {_tail(log)}")
        time.sleep(0.1)


def _tail(log: object) -> str:
    log.seek(0)  # type: ignore[attr-defined]
    return str(log.read()[-2000:].decode(errors="replace"))  # type: ignore[attr-defined]


def _stop(process: subprocess.Popen[bytes]) -> None:
    """TERM to the main process alone, as systemd's KillMode=mixed; what is left of the group is killed."""
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        print("a process of the bench did not stop in 20 s and was killed", file=sys.stderr)
    finally:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        finally:
            process.wait()
