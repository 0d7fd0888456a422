"""kill -9 at a named place: a forked process does the work and is killed as it reaches the place, or as it leaves it.

Nobody gets to clean up: no commit, no `finally`. The parent sees only what reached the database.
"""

import os
import signal
import traceback
from collections.abc import Callable
from importlib import import_module
from typing import Any
from unittest import mock

from django.db import connections


def killed_at(place: str, when: str, work: Callable[[], object]) -> None:
    """`place`: dotted name of a function or method; `when`: "before" or "after". Fails if the place is not reached."""
    connections.close_all()  # the child must not speak on the parent's connection
    pid = os.fork()
    if pid == 0:
        _live(place, when, work)
    _, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status), f"{place} was not reached: the work ended with {os.waitstatus_to_exitcode(status)}"
    assert os.WTERMSIG(status) == signal.SIGKILL


def _live(place: str, when: str, work: Callable[[], object]) -> None:
    code = 1
    try:
        with mock.patch(place, _deadly(_found(place), when)):
            work()
        code = 0
    except BaseException:  # noqa: BLE001  (whatever it is, the fork must end here)
        traceback.print_exc()
    finally:
        os._exit(code)


def _deadly(real: Callable[..., Any], when: str) -> Callable[..., Any]:
    def reached(*args: Any, **kwargs: Any) -> Any:
        if when == "after":
            real(*args, **kwargs)
        os.kill(os.getpid(), signal.SIGKILL)

    return reached


def _found(place: str) -> Callable[..., Any]:
    """The function, whether it lies in a module or in a class."""
    names = place.split(".")
    for depth in range(len(names) - 1, 0, -1):
        try:
            owner: Any = import_module(".".join(names[:depth]))
        except ModuleNotFoundError:
            continue
        for name in names[depth:]:
            owner = getattr(owner, name)
        return owner  # type: ignore[no-any-return]
    raise AssertionError(f"there is no {place}")
