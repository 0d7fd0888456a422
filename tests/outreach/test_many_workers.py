"""Any number of workers at once: each text, step and fact is handled by one of them."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection, transaction

from outreach import gate, inbound, outbox, playbooks, recovery, sequences
from outreach.models import Enrolment, Message
from tests import factories
from tests.doubles.owing import owing_member, told
from tests.factories import NOON

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def at_once(work: Callable[[], object], workers: int = 8) -> None:
    """Run `work` in threads that start together; a failure in one of them fails the test."""
    start, failures = threading.Barrier(workers), []

    def run() -> None:
        try:
            start.wait()
            work()
        except BaseException as error:  # noqa: BLE001  (shown by the assertion below)
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_each_due_text_is_sent_once(carrier):
    for number in range(30):
        membership = factories.make_membership(factories.make_patient(f"Patient{number}"))
        outbox.post(kind="servicing", body="Hello", dedupe_key=str(number), patient=membership.patient, now=NOON)

    at_once(lambda: outbox.send_due(now=NOON))

    assert len(carrier.sent) == len(set(carrier.sent)) == 30
    assert set(Message.objects.values_list("status", "attempts")) == {("sent", 1)}


def test_each_text_in_doubt_is_settled_once(carrier):
    from tests.doubles.carrier import lost

    for number in range(10):
        patient = factories.make_patient(f"Patient{number}")
        outbox.post(kind="reply", body="Hello", dedupe_key=str(number), patient=patient, now=NOON)
    carrier.failures = [lost() for _ in range(10)]
    outbox.send_due(now=NOON)
    later = NOON.replace(hour=17)

    def work() -> None:
        outbox.recover_stuck(now=later)
        outbox.send_due(now=later)

    at_once(work)
    work()

    assert len(carrier.sent) == len(set(carrier.sent)) == 10
    assert set(Message.objects.values_list("status", "attempts")) == {("sent", 2)}


def test_a_failed_payment_followed_by_many_gives_one_enrolment_and_one_text(carrier):
    playbooks.install()
    for _ in range(5):
        told(owing_member(patient=factories.make_patient())[1], "payment_failed")

    def work() -> None:
        recovery.follow_all(now=NOON)
        sequences.advance(now=NOON)
        outbox.send_due(now=NOON)

    at_once(work)
    work()

    assert Enrolment.objects.count() == 5
    assert Message.objects.count() == 5
    assert len(carrier.sent) == 5


def test_the_same_text_delivered_many_times_at_once_is_stored_and_confirmed_once():
    """R69."""
    patient = factories.make_patient()
    number = patient.phone
    news: list[bool] = []

    def work() -> None:
        received = inbound.receive(
            sid="SM1", sender=number, recipient="", body="STOP please", media_count=0, opt_out_type="", now=NOON
        )
        news.append(received.is_new)

    at_once(work)

    assert sorted(news) == [False] * 7 + [True]
    assert Message.objects.filter(direction="in").count() == 1
    assert Message.objects.filter(direction="out").count() == 1


def test_one_key_posted_by_many_is_one_message():
    patient = factories.make_patient()
    factories.agree(patient)

    at_once(lambda: outbox.post(kind="reply", body="Hello", dedupe_key="answer:1", patient=patient, now=NOON))

    assert Message.objects.count() == 1


def test_a_text_waits_for_the_judgement_of_another_one_to_the_same_person():
    """R24, one text a day: claimed earlier, but judged while the other's permission is not committed yet."""
    membership = factories.make_membership()
    early, late = (
        outbox.post(kind="servicing", body="Hello", dedupe_key=key, patient=membership.patient, now=NOON)
        for key in ("early", "late")
    )
    judged, answers = threading.Event(), {}

    def judge(message: Message, seconds: int) -> None:
        moment = NOON + timedelta(minutes=1, seconds=seconds)
        Message.objects.filter(pk=message.pk).update(status="sending", claimed_at=moment)
        with transaction.atomic():
            denial = gate.decide(Message.objects.get(pk=message.pk), now=moment)
            answers[message.pk] = denial.code if denial else ""
            if message == late:
                judged.set()
                time.sleep(0.3)

    def judge_early() -> None:
        judged.wait()
        judge(early, 0)

    turns = iter([lambda: judge(late, 1), judge_early])
    at_once(lambda: next(turns)(), workers=2)

    assert answers == {late.pk: "", early.pk: "cap"}
