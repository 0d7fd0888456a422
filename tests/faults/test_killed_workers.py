"""kill -9 of single workers at random moments, while the others go on: no text twice, none lost, none left in doubt."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection

from common import clock
from members.models import Escalation, Patient
from outreach.models import HandsetText, Message
from tests import factories

# MEDSPA_KILLED_TEXTS=5000 is the full size: minutes.
TEXTS = int(os.environ.get("MEDSPA_KILLED_TEXTS", "200"))
WORKERS, KILLS = 4, 20
LEASE_SECONDS = 4
Status = Message.Status
OPEN = (Status.QUEUED, Status.SENDING, Status.UNKNOWN)


class Senders:
    """Four workers, each replaced when it is killed."""

    def __init__(self) -> None:
        database = connection.settings_dict
        url = f"postgres://{database['USER']}@{database['HOST']}:{database['PORT'] or 5432}/{database['NAME']}"
        lease = str(LEASE_SECONDS)
        env = {
            **os.environ,
            "DATABASE_URL": url,
            "SEND_LEASE_SECONDS": lease,
            "DJANGO_SETTINGS_MODULE": "tests.settings",
        }
        self.parent = subprocess.Popen(
            [sys.executable, "-m", "tests.doubles.forked_senders"],
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.pids = [self.start() for _ in range(WORKERS)]

    def start(self) -> int:
        assert self.parent.stdin
        assert self.parent.stdout
        self.parent.stdin.write("start\n")
        self.parent.stdin.flush()
        return int(self.parent.stdout.readline())

    def kill(self, place: int) -> None:
        os.kill(self.pids[place], signal.SIGKILL)
        self.pids[place] = self.start()

    def end(self) -> None:
        os.killpg(self.parent.pid, signal.SIGKILL)
        self.parent.wait()
        for pipe in (self.parent.stdin, self.parent.stdout):
            assert pipe
            pipe.close()


@pytest.fixture
def senders() -> Iterator[Senders]:
    started = Senders()
    yield started
    started.end()


def due_texts(count: int) -> list[str]:
    """So many answers to so many people, all due; their numbers."""
    now, location = clock.now(), factories.make_location()
    people = Patient.objects.bulk_create(
        Patient(first_name=f"Patient{number}", last_name="Ortiz", home_location=location, state="TX", joined_on=now)
        for number in range(count)
    )
    numbers = [f"+1512{2_000_000 + number}" for number in range(count)]
    Message.objects.bulk_create(
        Message(
            direction="out",
            kind="reply",
            status=Status.QUEUED,
            patient=patient,
            location=location,
            address=number,
            body="Hello",
            dedupe_key=f"text:{number}",
            created_at=now,
            due_at=now,
        )
        for patient, number in zip(people, numbers, strict=True)
    )
    return numbers


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_twenty_workers_killed_at_random_double_no_text_lose_none_and_leave_none_in_doubt(request):
    """R73."""
    numbers, chance = due_texts(TEXTS), random.Random(7)
    senders = request.getfixturevalue("senders")  # begin once the texts are there
    died: set[int] = set()

    for killed in range(1, KILLS + 1):
        died |= wait_until_out(killed * TEXTS // (KILLS + 2))  # the kills are spread over all of the sending
        time.sleep(chance.random() * 0.03)
        senders.kill(chance.randrange(WORKERS))
    died |= wait_until_out(TEXTS)

    taken = list(HandsetText.objects.filter(from_handset=False).values_list("handset", flat=True))
    lost = set(numbers) - set(taken)
    twice = len(taken) - len(set(taken))
    counted = f"{TEXTS} texts, {KILLS} kills, {len(died)} in the middle of a send: {twice} doubled, {len(lost)} lost\n"
    sys.stdout.write(counted)  # for `pytest -s`
    assert died, "no kill fell into a send: this proves nothing"
    assert twice == 0, "a text went out twice"
    assert lost == set()
    assert not Message.objects.exclude(status__in=(Status.SENT, Status.DELIVERED)).exists()
    assert not Escalation.objects.exists()


def wait_until_out(count: int) -> set[int]:
    """Until so many are out. Returns the texts that were seen in the hands of a worker that has died."""
    deadline, seen = time.monotonic() + 60 + TEXTS / 20, set()
    while Message.objects.exclude(status__in=OPEN).count() < count:
        assert time.monotonic() < deadline, "the workers do not get on"
        long_ago = clock.now() - timedelta(seconds=LEASE_SECONDS / 2)
        seen |= set(Message.objects.filter(status=Status.SENDING, given_at__lt=long_ago).values_list("pk", flat=True))
        time.sleep(0.05)
    return seen
