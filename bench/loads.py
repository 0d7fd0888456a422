"""Requests over kept connections, at a pace or as fast as they are answered.

Raw sockets and bytes made beforehand, so that the load costs the two cores little. At a pace, a request's time begins
when it was due, not when a connection was free for it: a server that stalls does not stop the clock.
"""

import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count


@dataclass(frozen=True)
class Load:
    """`due`: Unix time of each request; `took`: seconds to its answer, in the same order; `seconds`: all of them."""

    due: list[float]
    took: list[float]
    seconds: float

    @property
    def rate(self) -> float:
        return len(self.took) / self.seconds


def post(path: str, body: bytes, *, headers: dict[str, str], host: str) -> bytes:
    """A whole HTTP/1.1 request."""
    lines = {"Host": host, "Content-Length": str(len(body)), **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + body


@dataclass
class _Run:
    port: int
    requests: Sequence[bytes]
    per_second: float | None
    began: float
    due: list[float]
    took: list[float]
    turn: count = field(default_factory=count)  # type: ignore[type-arg]
    failures: list[BaseException] = field(default_factory=list)


def send(port: int, requests: Sequence[bytes], *, connections: int, per_second: float | None = None) -> Load:
    """Raises RuntimeError for any answer that is not 2xx: an error is quick and would look well."""
    run = _Run(port, requests, per_second, time.time(), [0.0] * len(requests), [0.0] * len(requests))
    threads = [threading.Thread(target=_work, args=(run,), daemon=True) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if run.failures:
        raise RuntimeError(f"{len(run.failures)} connections failed: {run.failures[0]}")
    return Load(run.due, run.took, time.time() - run.began)


def _work(run: _Run) -> None:
    try:
        with socket.create_connection(("127.0.0.1", run.port)) as first:
            kept = first
            while (at := next(run.turn)) < len(run.requests):
                due = time.time()
                if run.per_second:
                    due = run.began + at / run.per_second
                    time.sleep(max(0.0, due - time.time()))
                kept = _once(kept, run.port, run.requests[at])
                run.due[at], run.took[at] = due, time.time() - due
    except (OSError, RuntimeError) as error:
        run.failures.append(error)


def _once(kept: socket.socket, port: int, request: bytes) -> socket.socket:
    """The connection to go on with: the server may have closed an idle one."""
    try:
        kept.sendall(request)
        answer = kept.recv(65536)
    except (BrokenPipeError, ConnectionResetError):
        answer = b""
    if not answer:
        kept.close()
        kept = socket.create_connection(("127.0.0.1", port))
        kept.sendall(request)
        answer = kept.recv(65536)
    while not _is_whole(answer):
        more = kept.recv(65536)
        if not more:
            raise RuntimeError("the server hung up in the middle of an answer")
        answer += more
    if not answer.startswith(b"HTTP/1.1 2"):
        raise RuntimeError(answer[:300].decode(errors="replace"))
    return kept


def _is_whole(answer: bytes) -> bool:
    head, end, body = answer.partition(b"\r\n\r\n")
    if not end:
        return False
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return len(body) >= int(line.partition(b":")[2])
    return body.endswith(b"0\r\n\r\n") or b"connection: close" in head.lower()
