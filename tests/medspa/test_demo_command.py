"""One command starts everything, keeps the data, and leaves nothing behind."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from common.errors import Refused
from medspa.demo import preparing, readiness
from medspa.demo.seeding.practice import DEMO_PASSWORD, STAFF
from medspa.demo.welcome import welcome

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 90  # seconds; it takes about five alone on two cores


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def start(tmp_path):
    """Starts the demo on a database of its own; gives the process and what it printed until it was open."""
    running: list[subprocess.Popen[str]] = []
    environment = {
        **{name: value for name, value in os.environ.items() if name not in ("PUBLIC_BASE_URL", "DATABASE_URL")},
        "DEMO": "true",
        "DJANGO_SETTINGS_MODULE": "medspa.settings",
        "DATABASE_URL": f"sqlite:///{tmp_path / 'test-demo.sqlite3'}",
        "CLOCK_OFFSET_FILE": str(tmp_path / "offset"),
        "PORT": str(free_port()),
        "PYTHONUNBUFFERED": "1",
    }

    def run() -> tuple[subprocess.Popen[str], str]:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "demo", "--members", "20"],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        running.append(process)
        said = ""
        for line in process.stdout:
            said += line
            if "Ctrl-C stops" in line:
                break
        return process, said

    yield run
    for process in running:
        if process.poll() is None:
            process.kill()
        process.stdout.close()
        process.wait()


def descendants(pid: int) -> list[int]:
    """Every process below this one, also those in sessions of their own."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if fields[0] != "Z":
            parents[int(stat.parent.name)] = int(fields[1])
    found = [pid]
    for parent in found:
        found += [child for child, above in parents.items() if above == parent]
    return found[1:]


def all_open(pid: int) -> list[int]:
    """Web and its worker, the queue's main, guard, workers; the ticker. The queue is last: it learns to read first."""
    end = time.monotonic() + PATIENCE
    while len(children := descendants(pid)) < 6:
        assert time.monotonic() < end, "the demo's processes did not all start"
        time.sleep(0.1)
    return children


def gone(pids: list[int]) -> bool:
    end = time.monotonic() + 10
    while any(Path(f"/proc/{pid}").exists() for pid in pids):
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def test_it_opens_stops_on_ctrl_c_without_leftovers_and_keeps_the_data(start):
    first, said = start()
    assert "Inventing a practice with 20 members" in said
    assert "Glow Theory is open" in said
    children = all_open(first.pid)

    first.send_signal(signal.SIGINT)
    rest = first.communicate(timeout=PATIENCE)[0]

    assert first.returncode == 0
    assert "Stopped." in rest
    assert "killing" not in rest
    assert gone(children)

    second, said = start()
    assert "Inventing" not in said
    assert "Setting up" not in said
    second.send_signal(signal.SIGTERM)
    assert "Stopped." in second.communicate(timeout=PATIENCE)[0]
    assert second.returncode == 0


def test_a_taken_port_is_said_in_words(settings):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        settings.PORT = other.getsockname()[1]

        with pytest.raises(CommandError, match=rf"Port {settings.PORT} .* PORT={settings.PORT + 1} make demo"):
            call_command("demo")


def test_it_starts_in_a_demo_only(settings):
    settings.DEMO = False

    with pytest.raises(CommandError, match="DEMO=true"):
        call_command("demo")


@pytest.fixture
def database(monkeypatch):
    """Another name for the connection, without touching the connection."""

    def named(name: str) -> None:
        monkeypatch.setitem(preparing.connection.settings_dict, "NAME", name)

    return named


def test_starting_over_deletes_the_demos_file_and_its_clock(tmp_path, settings, database, monkeypatch):
    settings.CLOCK_OFFSET_FILE = str(tmp_path / "offset")
    parts = [tmp_path / f"demo.sqlite3{end}" for end in ("", "-wal", "-shm")]
    for file in (*parts, tmp_path / "offset", tmp_path / "other"):
        file.write_text("x")
    database(str(parts[0]))
    monkeypatch.setattr(preparing.connection, "vendor", "sqlite")
    monkeypatch.setattr(preparing.connection, "close", lambda: None)

    preparing.reset()

    assert [file.name for file in tmp_path.iterdir()] == ["other"]


@pytest.mark.parametrize("name", ["/srv/demo/medspa.sqlite3", "medspa", "production"])
def test_starting_over_refuses_what_is_not_called_a_demo(database, name):
    database(name)

    with pytest.raises(Refused, match="not a demo's"):
        preparing.reset()


@pytest.fixture
def collected(settings, tmp_path, monkeypatch):
    """How often static files were collected."""
    source, target = tmp_path / "static", tmp_path / "collected"
    source.mkdir()
    (source / "a.css").write_text("a")
    settings.STATICFILES_DIRS, settings.STATIC_ROOT = [source], target
    calls = []

    def collect(name: str, **options: object) -> None:
        calls.append(name)
        target.mkdir(exist_ok=True)
        (target / "staticfiles.json").write_text("{}")

    monkeypatch.setattr(preparing, "call_command", collect)
    return calls


def test_static_files_are_collected_once_and_again_after_a_change(collected, settings):
    preparing.collect_static(lambda words: None)
    preparing.collect_static(lambda words: None)
    assert collected == ["collectstatic"]

    changed = settings.STATICFILES_DIRS[0] / "a.css"
    os.utime(changed, (time.time() + 5, time.time() + 5))
    preparing.collect_static(lambda words: None)

    assert collected == ["collectstatic", "collectstatic"]


def test_the_welcome_names_addresses_logins_and_the_password(settings):
    settings.PUBLIC_BASE_URL = "http://localhost:8000"

    words = welcome()

    assert "http://localhost:8000/phonebook/" in words
    assert DEMO_PASSWORD in words
    assert all(email in words for email, *_ in STAFF)


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (503, b'{"ok": false, "checks": {"ticker": {"ok": false}, "database": {"ok": true}}}', "not well: ticker"),
        (500, b"<h1>Server Error</h1>", "/readyz answered 500"),
        (200, b"[]", "/readyz answered 200"),
    ],
)
def test_what_is_not_ready_is_said_in_words(status, body, words):
    assert words in readiness._in_words(status, body)
