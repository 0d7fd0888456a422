"""The processes of the demo under one parent: started together, restarted when one dies, stopped cleanly.

Each child has a session of its own, so that the terminal's Ctrl-C reaches only the supervisor. A child is asked to stop
by SIGTERM to its main process alone: given to the whole group, it kills django-q2's workers under their parent, which
then hangs (research: runtime, pitfall 5). What is left of the group after the grace is killed.
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

QUICK_DEATH_SECONDS = 10
QUICK_DEATHS_ALLOWED = 4
_POLL_SECONDS = 0.1

Say = Callable[[str], object]


@dataclass
class Child:
    """One process to keep running. `grace` is how many seconds its SIGTERM may take."""

    name: str
    command: Sequence[str]
    grace: float = 10
    process: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)
    started: float = 0
    quick_deaths: int = 0


class GaveUp(Exception):
    """A child died again and again; the message names it and its log."""


class Supervisor:
    def __init__(
        self, children: Sequence[Child], *, logs: Path, say: Say, env: Mapping[str, str] | None = None
    ) -> None:
        self.children = list(children)
        self.logs = logs
        self.say = say
        self.env = dict(env) if env is not None else None

    def start(self) -> None:
        self.logs.mkdir(parents=True, exist_ok=True)
        for child in self.children:
            self._start(child)

    def check(self) -> None:
        """Restart what died. Raises GaveUp for a child that cannot stay up."""
        for child in self.children:
            if child.process is None or child.process.poll() is None:
                continue
            code = child.process.returncode
            kill_group(child.process.pid)  # its own children must not live on beside the next ones
            if time.monotonic() - child.started < QUICK_DEATH_SECONDS:
                child.quick_deaths += 1
            else:
                child.quick_deaths = 0
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
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        asked = time.monotonic()
        for child, process in running:
            try:
                process.wait(max(0.0, asked + child.grace - time.monotonic()))
            except subprocess.TimeoutExpired:
                self.say(f"{child.name} did not stop in {child.grace:g} s; killing it.")
            kill_group(process.pid)
            process.wait()
            child.process = None

    def log_of(self, child: Child) -> Path:
        return self.logs / f"demo-{child.name}.log"

    def _start(self, child: Child) -> None:
        with self.log_of(child).open("ab") as log:
            child.process = subprocess.Popen(  # noqa: S603  (our own commands, no shell)
                list(child.command),
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        child.started = time.monotonic()


def kill_group(leader: int) -> None:
    """SIGKILL to every process of a child's session; nothing when all are gone."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)
