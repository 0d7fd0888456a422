"""kill -9 of the whole worker in the middle of its work: no text twice, none silently lost."""

import os
import random
import signal
import subprocess
import sys
import time

import pytest
from django.db import connection

from common import clock
from members.models import Escalation
from outreach import outbox
from outreach.models import HandsetText, Message
from tests import factories

MESSAGES = 40
KILLS = 4


def start_sender() -> subprocess.Popen[bytes]:
    """Returns once it is about to send."""
    database = connection.settings_dict
    url = f"postgres://{database['USER']}@{database['HOST']}:{database['PORT'] or 5432}/{database['NAME']}"
    env = {**os.environ, "DATABASE_URL": url, "SEND_LEASE_SECONDS": "1", "DJANGO_SETTINGS_MODULE": "tests.settings"}
    sender = subprocess.Popen(
        [sys.executable, "-m", "tests.doubles.slow_sender"], env=env, stdout=subprocess.PIPE, start_new_session=True
    )
    assert sender.stdout is not None
    with sender.stdout as told:
        assert told.readline() == b"ready\n"
    return sender


def kill(sender: subprocess.Popen[bytes]) -> None:
    """Cluster, sentinel, workers and ticker, all at once: nobody gets to clean up."""
    os.killpg(sender.pid, signal.SIGKILL)
    sender.wait()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_again_and_again_doubles_no_text_and_loses_none():
    patients = [factories.make_patient(f"Patient{number}") for number in range(MESSAGES)]
    for patient in patients:
        factories.agree(patient)
        outbox.post(
            kind="reply",
            body=f"For {patient.first_name}",
            dedupe_key=f"t:{patient.pk}",
            patient=patient,
            now=clock.now(),
        )

    chance = random.Random(7)
    for _ in range(KILLS):
        sender = start_sender()
        time.sleep(0.15 + chance.random() * 0.4)
        kill(sender)
    killed_midway = Message.objects.filter(status=Message.Status.SENDING).count()

    sender = start_sender()
    deadline = time.monotonic() + 40
    open_states = [Message.Status.QUEUED, Message.Status.SENDING, Message.Status.UNKNOWN]
    while Message.objects.filter(status__in=open_states).exists() and time.monotonic() < deadline:
        time.sleep(0.2)
    kill(sender)

    delivered = list(HandsetText.objects.values_list("handset", flat=True))
    assert killed_midway + Message.objects.filter(attempts__gt=1).count() > 0, "no kill fell into a send: prove nothing"
    assert len(delivered) == len(set(delivered)), "a text went out twice"
    assert set(delivered) == {patient.phone for patient in patients}, "a text was lost"
    settled = [Message.Status.SENT, Message.Status.DELIVERED]  # the cluster also reports deliveries
    assert not Message.objects.exclude(status__in=settled).exists()
    assert not Escalation.objects.exists()
