"""The outbox drained by 1, 2 and 4 processes into a carrier that answers at once, against raw SQL that does the same
writes: claim and commit, the gate's answer, the sender's budget, the carrier's receipt, a commit for each message.

At most once costs that commit; what is over the floor is the gate's questions and Python.
"""

import multiprocessing
from typing import Any
from unittest import mock
from uuid import UUID, uuid4

from django.db import connection, connections

from bench import databases, synthetic
from bench.harness import Result, medians, seconds
from common import clock
from members.models import Patient
from outreach import outbox
from outreach.models import Message
from outreach.transports import Receipt

NAME = "outbox"
PROCESSES = (1, 2, 4)
_TEXT = "Your next visit is ready to be booked. Reply 1 for a time this week."
# As `send` writes them: the claim, then what the gate and the carrier said.
_CLAIM = """UPDATE outreach_message SET status = 'sending', claimed_at = now(), attempts = attempts + 1 WHERE id =
 (SELECT id FROM outreach_message WHERE status = 'queued' AND due_at <= now() ORDER BY due_at, id LIMIT 1
 FOR UPDATE SKIP LOCKED) RETURNING id"""
_DECIDE = """INSERT INTO outreach_gatedecision (message_id, at, allowed, code, words, inputs, table_version)
 VALUES (%s, now(), true, '', '', '{"kind": "reply"}', 'bench')"""
_BUDGET = "UPDATE outreach_senderbudget SET segments_today = segments_today + 1, busy_until = now()"
_SENT = """UPDATE outreach_message SET status = 'sent', sent_at = now(), provider_sid = %s, provider_status = 'queued'
 WHERE id = %s"""


class AtOnce:
    """A carrier without latency that remembers what it was given."""

    def __init__(self) -> None:
        self.taken: list[str] = []

    def send(self, *, to: str, body: str, message_uuid: UUID, valid_seconds: int | None) -> Receipt:
        self.taken.append(str(message_uuid))
        return Receipt(sid=f"SM{uuid4().hex}", status="queued")


def measure(members: int, runs: int) -> list[Result]:
    """A message for each member, divided among the processes. Raises RuntimeError when one is left or went twice."""
    now = clock.now()
    synthetic.chain(members, now=now)
    results = []
    for processes in PROCESSES:
        took, floor = medians(runs, lambda run, among=processes: _once(members, among))  # type: ignore[misc]
        rate, raw = members / took, members / floor
        details = {"messages": members, "doubled": 0}
        name = f"{NAME}: {processes} process{'es' * (processes > 1)}"
        results.append(Result(name, rate, "msg/s", raw, rate / raw, ">= 0.5 x, 0 doubled", rate / raw >= 0.5, details))
    return results


def _once(members: int, processes: int) -> tuple[float, float]:
    _queue(members)
    sent: list[str] = []
    took = seconds(lambda: sent.extend(_among(processes, _drain)))
    if len(sent) != members or len(set(sent)) != members:
        raise RuntimeError(f"{len(sent)} sends of {len(set(sent))} texts; {members} were queued")
    _queue(members)
    return took, seconds(lambda: _among(processes, _drain_raw))


def _queue(members: int) -> None:
    """The same messages again, none sent."""
    now = clock.now()
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE outreach_gatedecision, outreach_message CASCADE")
    patient = Patient.objects.get(pk=synthetic.FIRST + 1)
    first = Message.objects.create(
        direction="out", kind="reply", status="queued", patient=patient, location=patient.home_location,
        address=patient.phone, body=_TEXT, dedupe_key="bench:1", created_at=now, due_at=now,
    )  # fmt: skip
    synthetic.multiply(
        first, members - 1, uuid="gen_random_uuid()", patient=f"{synthetic.FIRST + 1} + g",
        address="'+1512' || (2000001 + g)", dedupe_key="'bench:' || (g + 1)",
    )  # fmt: skip
    databases.settle("outreach_message")


def _among(processes: int, work: Any) -> list[str]:
    """What each process sent. They are forked inside the measured time, some milliseconds."""
    connections.close_all()
    context = multiprocessing.get_context("fork")
    with context.Pool(processes) as pool:
        shares = pool.map(work, range(processes), chunksize=1)
    return [uuid for share in shares for uuid in share]


def _drain(_: int) -> list[str]:
    carrier = AtOnce()
    with mock.patch("outreach.transports.sms", return_value=carrier):
        while Message.objects.due(now := clock.now()).exists():
            outbox.send_due(now=now)
    return carrier.taken


def _drain_raw(_: int) -> list[str]:
    taken: list[str] = []
    with connection.cursor() as cursor:
        while True:
            cursor.execute(_CLAIM)
            row = cursor.fetchone()
            if row is None:
                return taken
            cursor.execute(_DECIDE, row)
            cursor.execute(_BUDGET)
            cursor.execute(_SENT, [f"SM{uuid4().hex}", row[0]])
            taken.append(str(row[0]))
