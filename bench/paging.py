"""The ten main pages at 1,000 members and at N: milliseconds on the server and statements, through the test client.

The floor of a page is the page itself at 1,000 members of the same run: what grows with the practice shows as a ratio.
A request is the whole stack from URL to bytes, session and rights included; the network and the browser are not.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bench import databases, synthetic
from bench.harness import Result, percentile, plain_files, seconds
from common import clock
from concierge.models import Conversation
from members import metric_snapshots
from members.models import AuditEntry, Escalation, Location, Patient, StaffUser
from outreach.models import Message

NAME = "pages"
SMALL, READS = 1_000, 25
_GOAL_MS, _GOAL_GROWTH = 80, 2
_PAGES = {
    "today": "portal:today", "members": "members:list", "member": "members:detail", "texts": "outreach:messages",
    "conversations": "concierge:inbox", "payments": "outreach:payments", "escalations": "concierge:queue",
    "cadence": "outreach:cadence", "schedule": "members:schedule", "metrics": "members:metrics",
}  # fmt: skip
_WAITING_OF, _CASES_OF = 20, 20  # every 20th conversation waits for a colleague, every 20th member has a case


def measure(members: int, runs: int) -> list[Result]:
    """`runs` times 25 reads of each page at either size, the first of each not counted."""
    with databases.copied():
        small = _all(SMALL, runs)
    large = _all(members, runs)
    return [_result(page, small[page], large[page]) for page in _PAGES]


def _result(page: str, small: tuple[list[float], int], large: tuple[list[float], int]) -> Result:
    (before, _), (times, statements) = small, large
    p95, floor = percentile(times, 95), percentile(before, 95)
    growth = percentile(times, 50) / percentile(before, 50)
    details = {
        "p50_ms": round(percentile(times, 50), 1), "p50_ms_at_1000": round(percentile(before, 50), 1),
        "growth_p50": round(growth, 2), "statements": statements, "statements_at_1000": small[1],
    }  # fmt: skip
    met = p95 < _GOAL_MS and growth < _GOAL_GROWTH
    return Result(f"{NAME}: {page}", p95, "ms p95", floor, p95 / floor, "< 80 ms, growth < 2 x", met, details)


def _all(members: int, runs: int) -> dict[str, tuple[list[float], int]]:
    """Milliseconds of each read and the statements of one, by page."""
    now = clock.now()
    synthetic.chain(members, now=now)
    _history(members, now)
    metric_snapshots.refresh(now=now)
    databases.settle()
    with plain_files(), _signed_in() as client:
        return {page: _read(client, _path(page), READS * runs) for page in _PAGES}


def _path(page: str) -> str:
    return reverse(_PAGES[page], args=[synthetic.FIRST + 7] if page == "member" else [])


@contextmanager
def _signed_in() -> Iterator[Client]:
    client = Client(SERVER_NAME="localhost")
    client.force_login(StaffUser.objects.get(email="owner@example.com"))
    yield client


def _read(client: Client, path: str, reads: int) -> tuple[list[float], int]:
    answer = client.get(path)
    if answer.status_code != 200:
        raise RuntimeError(f"{path} answered {answer.status_code}")
    with CaptureQueriesContext(connection) as captured:
        client.get(path)
        statements = len(captured)
    return [1000 * seconds(lambda: client.get(path)) for _ in range(reads)], statements


@transaction.atomic
def _history(members: int, now: datetime) -> None:
    """What has been said and done: two texts to and one from each member, conversations, cases, the trail."""
    patient = Patient.objects.get(pk=synthetic.FIRST + 1)
    whose = {"patient": f"{synthetic.FIRST} + 1 + (g - 1) % {members}"}
    number = f"'+1512' || (2000001 + (g - 1) % {members})"
    _texts(patient, members, now, whose, number)
    heard = Conversation.objects.create(phone="+15129999999", patient=patient, last_in_at=now, moved_at=now)
    at = synthetic.ago(now, "(g % 300) + 0.01")
    synthetic.multiply(
        heard, members // 2, phone=number, **whose, last_in_at=at, moved_at=at,
        closed_at=f"CASE WHEN g % {_WAITING_OF} > 0 THEN {at} END",
    )  # fmt: skip
    case = Escalation.objects.create(
        patient=patient, phone=patient.phone, location=Location.objects.order_by("pk")[0], reason="question",
        summary="Wants to know whether a peel can follow a facial.", subject="bench", opened_at=now,
        last_raised_at=now, due_at=now + timedelta(hours=4),
    )  # fmt: skip
    opened = synthetic.ago(now, "g % 20")
    synthetic.multiply(
        case, members // _CASES_OF, patient=f"{synthetic.FIRST} + g * {_CASES_OF}", subject="'bench:' || g",
        phone=f"'+1512' || (2000000 + g * {_CASES_OF})", opened_at=opened, last_raised_at=opened,
    )  # fmt: skip
    entry = AuditEntry.objects.create(at=now, actor="system", action="membership.noted", patient=patient)
    synthetic.multiply(entry, 2 * members, at=synthetic.ago(now, "g % 300"), **whose)


def _texts(patient: Patient, members: int, now: datetime, whose: dict[str, str], number: str) -> None:
    sent = Message.objects.create(
        direction="out", kind="marketing", status="delivered", patient=patient, location=patient.home_location,
        address=patient.phone, body="You have a credit left.", dedupe_key="bench:out", created_at=now, due_at=now,
        sent_at=now, segments=1,
    )  # fmt: skip
    at = synthetic.ago(now, "(g % 300) + 0.02")
    synthetic.multiply(
        sent, 2 * members, **whose, uuid="gen_random_uuid()", address=number, dedupe_key="'bench:out:' || g",
        created_at=at, due_at=at, sent_at=at,
    )  # fmt: skip
    came = Message.objects.create(
        direction="in", kind="inbound", status="received", patient=patient, location=patient.home_location,
        address=patient.phone, body="Can I still book?", provider_sid="SMbench", created_at=now,
    )  # fmt: skip
    at = synthetic.ago(now, "(g % 300) + 0.01")
    synthetic.multiply(
        came, members, **whose, uuid="gen_random_uuid()", address=number, provider_sid="'SMbench' || g", created_at=at
    )
