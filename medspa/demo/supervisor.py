"""The processes of the demo under one parent: started together, restarted when one dies, stopped cleanly.

Each child has a session of its own, so that the terminal's Ctrl-C reaches only the supervisor. A child is asked to stop
by SIGTERM to its main process alone: given to the whole group, it kills django-q2's workers under their parent, which
then hangs (research: runtime, pitfall 5). What is left of the group after the grace is killed.

Children are forked, not started anew: loading the product takes seconds, and the supervisor has loaded it already.
"""

import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

QUICK_DEATH_SECONDS = 10
QUICK_DEATHS_ALLOWED = 4
_POLL_SECONDS = 0.1

Say = Callable[[str], object]


class Process:
    """A forked child that runs `run()` in its own session, with its output in `log`."""

    def __init__(self, run: Callable[[], object], log: Path) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        self.exit_code: int | None = None
        self.pid = os.fork()
        if self.pid == 0:
            _live(run, log)

    def has_ended(self) -> bool:
        if self.exit_code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.exit_code = os.waitstatus_to_exitcode(status)
        return self.exit_code is not None

    def wait(self, seconds: float) -> bool:
        """Whether it ended within that time."""
        end = time.monotonic() + seconds
        while not self.has_ended():
            if time.monotonic() >= end:
                return False
            time.sleep(0.02)
        return True

    def ask_to_stop(self) -> None:
        if not self.has_ended():
            os.kill(self.pid, signal.SIGTERM)

    def kill_group(self) -> None:
        """SIGKILL to every process of the session; nothing when all are gone."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)


def _live(run: Callable[[], object], log: Path) -> NoReturn:
    """The child's whole life. It never returns into the parent's code."""
    code = 1
    try:
        os.setsid()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        _send_output_to(log)
        run()
        code = 0
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    except BaseException:  # noqa: BLE001  (whatever it is, it belongs into the log, and the fork must end here)
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _send_output_to(log: Path) -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    kept = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for source, target in ((nothing, 0), (kept, 1), (kept, 2)):
        os.dup2(source, target)
    sys.stdout = os.fdopen(1, "w", buffering=1, closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False)


@dataclass
class Child:
    """What to keep running. `grace` is how many seconds its SIGTERM may take."""

    name: str
    run: Callable[[], object]
    grace: float = 10
    process: Process | None = field(default=None, repr=False)
    started: float = 0
    quick_deaths: int = 0


class GaveUp(Exception):
    """A child died again and again; the message names it and its log."""


class Supervisor:
    def __init__(self, children: Sequence[Child], *, logs: Path, say: Say) -> None:
        self.children = list(children)
        self.logs = logs
        self.say = say

    def start(self) -> None:
        self.logs.mkdir(parents=True, exist_ok=True)
        for child in self.children:
            self.log_of(child).write_text("")  # a log tells of this run
            self._start(child)

    def check(self) -> None:
        """Restart what died. Raises GaveUp for a child that cannot stay up."""
        for child in self.children:
            if child.process is None or not child.process.has_ended():
                continue
            code = child.process.exit_code
            child.process.kill_group()  # its own children must not live on beside the next ones
            quick = time.monotonic() - child.started < QUICK_DEATH_SECONDS
            child.quick_deaths = child.quick_deaths + 1 if quick else 0
            if child.quick_deaths > QUICK_DEATHS_ALLOWED:
                raise GaveUp(f"{child.name} cannot stay up (exit {code}). Its log: {self.log_of(child)}")
            self.say(f"{child.name} stopped by itself (exit {code}); starting it again.")
            self._start(child)

    def watch(self, until: Callable[[], bool]) -> None:
        """Keep all children up until `until()` is true."""
        while not until():
            self.check()
            time.sleep(_POLL_SECONDS)

    def stop(self) -> None:
        """Ask every child at once, wait for each up to its grace, kill what is left."""
        running = [(child, child.process) for child in self.children if child.process is not None]
        for _, process in running:
            process.ask_to_stop()
        asked = time.monotonic()
        for child, process in running:
            if not process.wait(asked + child.grace - time.monotonic()):
                self.say(f"{child.name} did not stop in {child.grace:g} s; killing it.")
            process.kill_group()
            process.wait(5)
            child.process = None

    def log_of(self, child: Child) -> Path:
        return self.logs / f"demo-{child.name}.log"

    def _start(self, child: Child) -> None:
        child.process = Process(child.run, self.log_of(child))
        child.started = time.monotonic()
