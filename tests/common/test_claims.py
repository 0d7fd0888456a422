from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from common.claims import claim
from medspa.models import Heartbeat
from tests.factories import NOON


def unclaimed(name="job"):
    return Heartbeat.objects.filter(name=name, error="")


@pytest.mark.django_db
def test_the_first_to_claim_a_row_owns_it_and_the_second_does_not():
    Heartbeat.objects.create(name="job", beat_at=NOON, seconds=0)

    first = claim(unclaimed(), error="mine")
    second = claim(unclaimed(), error="also mine")

    assert (first, second) == (True, False)
    assert Heartbeat.objects.get(name="job").error == "mine"


@pytest.mark.django_db
def test_a_row_that_is_not_there_cannot_be_claimed():
    assert claim(unclaimed("nothing"), error="mine") is False


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_eight_workers_at_once_exactly_one_gets_the_row():
    Heartbeat.objects.create(name="job", beat_at=NOON, seconds=0)
    start = Barrier(8, timeout=30)

    def work(number):
        try:
            start.wait()
            return claim(unclaimed(), error=f"worker {number}")
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        won = [number for number, got in enumerate(pool.map(work, range(8))) if got]

    assert len(won) == 1
    assert Heartbeat.objects.get(name="job").error == f"worker {won[0]}"
