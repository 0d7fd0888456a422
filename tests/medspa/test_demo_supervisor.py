"""The demo's processes: kept up, and stopped without leaving anything behind. Dummies stand in for the real ones."""

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from medspa.demo.supervisor import QUICK_DEATHS_ALLOWED, Child, GaveUp, Supervisor

# Writes down who got SIGTERM; a second process of the same session stands for a queue worker.
TEAM = """
import os, signal, sys, time
log = open(sys.argv[1], "a", buffering=1)
worker = os.fork()
name = "main" if worker else "worker"
def on_term(*_):
    print(name, "got SIGTERM", file=log)
    if worker:
        sys.exit(0)
signal.signal(signal.SIGTERM, on_term)
print(name, os.getpid(), file=log)
while True:
    time.sleep(0.05)
"""
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
SLEEPER = "import time; time.sleep(60)"


def python(code: str, *args: object) -> Callable[[], object]:
    return lambda: os.execv(sys.executable, [sys.executable, "-c", code, *map(str, args)])


def wait_for(condition, seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def alive(pid: int) -> bool:
    """Whether the process runs (a zombie that waits for its parent does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture
def supervise(tmp_path):
    running: list[Supervisor] = []
    said: list[str] = []

    def make(*children: Child) -> Supervisor:
        supervisor = Supervisor(children, logs=tmp_path, say=said.append)
        supervisor.said = said
        running.append(supervisor)
        supervisor.start()
        return supervisor

    yield make
    for supervisor in running:
        supervisor.stop()


def test_only_the_main_process_is_asked_to_stop_and_nothing_is_left(supervise, tmp_path):
    events = tmp_path / "events"
    supervisor = supervise(Child("team", python(TEAM, events)))
    wait_for(lambda: events.exists() and events.read_text().count("\n") == 2)
    pids = {line.split()[0]: int(line.split()[1]) for line in events.read_text().splitlines()}

    supervisor.stop()

    assert "main got SIGTERM" in events.read_text()
    assert "worker got SIGTERM" not in events.read_text()
    wait_for(lambda: not alive(pids["main"]) and not alive(pids["worker"]))


def test_each_child_has_its_own_session_so_that_ctrl_c_does_not_reach_it(supervise):
    supervisor = supervise(Child("sleeper", python(SLEEPER)))

    pid = supervisor.children[0].process.pid

    wait_for(lambda: os.getsid(pid) == pid)
    assert pid != os.getsid(0)


def test_a_child_that_ignores_the_request_is_killed_after_its_grace(supervise):
    supervisor = supervise(Child("stubborn", python(STUBBORN), grace=0.3))
    log = supervisor.log_of(supervisor.children[0])
    wait_for(lambda: "up" in log.read_text())
    pid = supervisor.children[0].process.pid

    supervisor.stop()

    assert not alive(pid)
    assert any("stubborn did not stop" in line for line in supervisor.said)


def test_a_child_that_dies_is_started_again_and_that_is_said(supervise):
    supervisor = supervise(Child("sleeper", python(SLEEPER)))
    first = supervisor.children[0].process
    os.kill(first.pid, signal.SIGKILL)
    first.wait(10)

    supervisor.check()

    second = supervisor.children[0].process
    assert second.pid != first.pid
    assert not second.has_ended()
    assert supervisor.said == ["sleeper stopped by itself (exit -9); starting it again."]


def test_the_orphans_of_a_child_that_died_are_gone_before_the_next_start(supervise, tmp_path):
    events = tmp_path / "events"
    supervisor = supervise(Child("team", python(TEAM, events)))
    wait_for(lambda: events.exists() and events.read_text().count("\n") == 2)
    worker = next(int(line.split()[1]) for line in events.read_text().splitlines() if line.startswith("worker"))
    os.kill(supervisor.children[0].process.pid, signal.SIGKILL)
    supervisor.children[0].process.wait(10)
    assert alive(worker)

    supervisor.check()

    wait_for(lambda: not alive(worker))


def test_a_child_that_cannot_stay_up_ends_the_demo_and_names_its_log(supervise):
    supervisor = supervise(Child("broken", python("raise SystemExit(3)")))

    with pytest.raises(GaveUp, match=r"broken cannot stay up \(exit 3\).*demo-broken\.log"):
        supervisor.watch(lambda: False)

    restarts = [line for line in supervisor.said if "starting it again" in line]
    assert len(restarts) == QUICK_DEATHS_ALLOWED


def test_what_children_print_goes_to_their_log(supervise):
    supervisor = supervise(Child("stubborn", python(STUBBORN), grace=0.1))
    log = supervisor.log_of(supervisor.children[0])

    wait_for(lambda: log.read_text() == "up\n")


def broken_inside() -> None:
    raise ValueError("no such table")


def test_an_error_inside_a_child_is_in_its_log(supervise):
    supervisor = supervise(Child("broken", broken_inside))
    process = supervisor.children[0].process

    process.wait(10)

    assert process.exit_code == 1
    assert "ValueError: no such table" in supervisor.log_of(supervisor.children[0]).read_text()
