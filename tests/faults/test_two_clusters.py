"""Two clusters on one database: every schedule's task is queued once and run by one of them."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from django_q.brokers import get_broker
from django_q.models import OrmQ, Schedule
from django_q.scheduler import scheduler
from django_q.signing import SignedPackage

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
CLUSTERS, DUE, QUEUE = 4, 12, "medspa"


def in_each_cluster(work) -> list[BaseException]:
    """Run `work` as the guards of so many clusters do at the same instant. Returns what failed."""
    start, failures = threading.Barrier(CLUSTERS), []

    def run() -> None:
        try:
            start.wait()
            work()
        except BaseException as error:  # noqa: BLE001  (shown by the assertion of the test)
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(CLUSTERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failures


def test_a_due_schedule_is_queued_once_however_many_clusters_look_at_the_same_instant():
    minute_ago = timezone.now() - timedelta(minutes=1)
    for number in range(DUE):
        Schedule.objects.create(
            name=f"round {number}", func="medspa.schedules.tick", schedule_type=Schedule.MINUTES, minutes=1,
            next_run=minute_ago, repeats=-1,
        )  # fmt: skip

    assert in_each_cluster(scheduler) == []

    queued = [SignedPackage.loads(payload)["name"] for payload in OrmQ.objects.values_list("payload", flat=True)]
    assert len(queued) == len(set(queued)) == DUE
    assert not Schedule.objects.filter(next_run__lte=minute_ago).exists()


def test_a_queued_task_is_taken_by_one_cluster():
    for number in range(DUE):
        get_broker(QUEUE).enqueue(f"task {number}")
    taken: list[str] = []

    def take_all() -> None:
        broker = get_broker(QUEUE)
        while OrmQ.objects.filter(lock__lte=timezone.now()).exists():
            taken.extend(payload for _, payload in broker.dequeue() or [])

    assert in_each_cluster(take_all) == []

    assert sorted(taken) == sorted(f"task {number}" for number in range(DUE))
