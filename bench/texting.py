"""Texts from patients through the signed webhook, gunicorn and a running queue, to the reply in the outbox and on to
the carrier, against doors and tasks that store, enqueue and write one row as the answer.

The moments are the database's: a column with `clock_timestamp()` as its default in the bench's own tables. It is the
moment of the INSERT; the commit follows within milliseconds. A text's time begins when its request was due.
"""

import time
from collections.abc import Callable
from urllib.parse import urlencode

from django.conf import settings
from django.db import connection
from django.test.utils import override_settings
from django_q.models import OrmQ, Schedule
from django_q.tasks import async_task

from bench import databases, loads, serving, synthetic
from bench.bare import tasks
from bench.harness import Result, medians, percentile
from common import clock, doors
from concierge.understanding import encoder, local
from medspa import schedules
from outreach.transports import signatures

NAME = "texts"
PER_SECOND, CONNECTIONS = 20, 8
_WARM, _PACED, _BURST = 20, 300, 200  # texts a run: until all is loaded, 15 s at a pace, then as fast as it goes
_ANSWER_SECONDS = 180
_SAID = (
    "how many credits do i have left?",
    "when is my next appointment",
    "what does my plan include?",
    "do my credits roll over",
    "can i book a facial next week",
    "where are you located",
    "is botox covered by my membership",
    "can i freeze my membership for a month",
    "what does the next tier cost",
    "my card was declined, what now",
)
_FLOOR_PATH = "/text/"


def measure(members: int, runs: int) -> list[Result]:
    """Raises RuntimeError when a text stays without a reply. Each is from another member: whom a text gave to a person,
    the concierge does not answer again."""
    members = max(members, runs * (_WARM + _PACED + _BURST))
    local.learn(with_encoder=encoder.is_usable())
    synthetic.chain(members, now=clock.now())
    databases.settle()
    with connection.cursor() as cursor:
        for table in ("outreach_message", "outreach_handsettext"):
            cursor.execute(f"ALTER TABLE {table} ADD bench_at timestamptz DEFAULT clock_timestamp()")
    schedules.sync()
    Schedule.objects.exclude(name="tick").delete()  # a cadence at its hour would be measured too
    port = serving.free_port()
    with override_settings(PUBLIC_BASE_URL=serving.base_url(port)):
        figures = medians(runs, lambda run: _run(port, run))
    return _results(*figures)


def _results(*figures: float) -> list[Result]:
    p50, p99, carrier, door, floor50, floor99, floor_door, taken, floor_taken, answered, floor_answered = figures
    details = {
        "p50_ms": round(p50), "floor_p50_ms": round(floor50), "p99_to_carrier_ms": round(carrier),
        "p99_of_the_door_ms": round(door), "floor_p99_of_the_door_ms": round(floor_door), "texts": _PACED,
    }  # fmt: skip
    at_pace = Result(NAME, p99, "ms p99", floor99, p99 / floor99, "< 300 ms at 20/s", p99 < 300, details)
    return [
        at_pace,
        Result(f"{NAME}: taken in", taken, "texts/s", floor_taken, taken / floor_taken),
        Result(f"{NAME}: answered", answered, "texts/s", floor_answered, answered / floor_answered),
    ]  # fmt: skip


def _run(port: int, run: int) -> tuple[float, ...]:
    """One run of the product and one of the floor, each behind its own web and queue processes."""
    first = 1 + run * (_WARM + _PACED + _BURST)
    p50, p99, carrier, door, taken, answered = _one(serving.PRODUCT, port, doors.TWILIO_SMS, first)
    floor50, floor99, _, floor_door, floor_taken, floor_answered = _one(serving.BARE, port, _FLOOR_PATH, first)
    return p50, p99, carrier, door, floor50, floor99, floor_door, taken, floor_taken, answered, floor_answered


def _one(application: str, port: int, path: str, first: int) -> tuple[float, ...]:
    """p50, p99, p99 to the carrier, p99 of the door (ms); texts/s taken in; texts/s answered."""
    warm, paced, burst = (
        _texts(port, path, range(first + begin, first + begin + number))
        for begin, number in ((0, _WARM), (_WARM, _PACED), (_WARM + _PACED, _BURST))
    )
    _clear()
    with serving.web(application, port=port):
        with serving.queue(port=port, ready=_idle):
            loads.send(port, warm, connections=CONNECTIONS, per_second=PER_SECOND)
            _until(lambda: _replies() >= _WARM)
            _clear()
            sent = loads.send(port, paced, connections=CONNECTIONS, per_second=PER_SECOND)
            _until(lambda: _replies() >= _PACED)
            _until(_idle)
            waits, carried = _waits(sent.due)
        _clear()
        taken = loads.send(port, burst, connections=CONNECTIONS).rate
    answered = _work_off(port)
    door = percentile((1000 * took for took in sent.took), 99)
    return percentile(waits, 50), percentile(waits, 99), percentile(carried or [0.0], 99), door, taken, answered


def _work_off(port: int) -> float:
    """Texts/s from the first reply to the last one, by a queue that finds them all waiting."""
    with (
        serving.queue(port=port, ready=lambda: _replies() >= _BURST, seconds=_ANSWER_SECONDS),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "SELECT count(*) - 1, extract(epoch FROM max(bench_at) - min(bench_at)) FROM outreach_message"
            " WHERE direction = 'out' AND in_reply_to_id IS NOT NULL"
        )
        count, seconds = cursor.fetchone()
    return float(count) / float(seconds)


def _clear() -> None:
    """No text, no reply, no task but one that shows, once it is gone, that the queue works."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE outreach_message, outreach_handsettext, concierge_conversation, django_q_ormq CASCADE")
    async_task(tasks.nothing, 0)


def _idle() -> bool:
    return not OrmQ.objects.exists()


def _texts(port: int, path: str, members: range) -> list[bytes]:
    """One from each, numbered in its carrier's id."""
    host, made = f"127.0.0.1:{port}", []
    for at, member in enumerate(members):
        form = {
            "MessageSid": f"SM{at:032x}", "From": f"+1512{2_000_000 + member}", "To": settings.TWILIO_FROM_NUMBER,
            "Body": _SAID[at % len(_SAID)], "NumMedia": "0",
        }  # fmt: skip
        headers = {
            "Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": signatures.sign(path, form),
        }  # fmt: skip
        made.append(loads.post(path, urlencode(form).encode(), headers=headers, host=host))
    return made


def _replies() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(DISTINCT in_reply_to_id) FROM outreach_message WHERE direction = 'out'")
        return int(cursor.fetchone()[0])


def _until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _ANSWER_SECONDS
    while not done():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{_replies()} texts have a reply after {_ANSWER_SECONDS} s, not all.")
        time.sleep(0.2)


def _waits(due: list[float]) -> tuple[list[float], list[float]]:
    """Milliseconds from each text's due moment to its reply's INSERT, and to the carrier's."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT m.provider_sid, extract(epoch FROM min(r.bench_at)), extract(epoch FROM min(h.bench_at))"
            " FROM outreach_message m JOIN outreach_message r ON r.in_reply_to_id = m.id"
            " LEFT JOIN outreach_handsettext h ON h.handset = m.address GROUP BY 1"
        )
        rows = [(due[int(sid[2:], 16)], float(queued), given) for sid, queued, given in cursor.fetchall()]
    queued = [1000 * (at - began) for began, at, _ in rows]
    return queued, [1000 * (float(given) - began) for began, _, given in rows if given is not None]
