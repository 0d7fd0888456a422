"""The database goes away in the middle: what was not committed did not happen, and the next round does it."""

import threading
from datetime import timedelta

import pytest
from django.db import connection

from outreach import cadence, playbooks
from outreach.models import CadencePlan, Enrolment, HandsetText, PlanLine, Sequence
from tests import factories

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

MEMBERS = 5


def cut_all_others() -> None:
    """As a restart of the server does it: every connection to this database but the asking one is ended."""

    def cut() -> None:
        with connection.cursor() as cursor:  # a thread has a connection of its own
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        connection.close()

    thread = threading.Thread(target=cut)
    thread.start()
    thread.join()


@pytest.mark.parametrize("place", ["write_lines", "enrol_lines"])
def test_a_restart_of_the_database_in_mondays_round_leaves_nothing_half_done(place, time, work, monkeypatch):
    playbooks.install()
    Sequence.objects.update(holdout_percent=0)
    for number in range(MEMBERS):
        patient = factories.make_patient(f"Patient{number}")
        factories.make_membership(patient, credits_remaining=2, last_visit_at=factories.NOON - timedelta(days=10))
    time.goes_on(minutes=-24 * 60)  # Monday, 11:00
    real, cuts = getattr(cadence.selecting, place), []

    def restarted(*args, **kwargs):
        written = real(*args, **kwargs)
        if not cuts:
            cuts.append(place)
            cut_all_others()
        return written

    monkeypatch.setattr(cadence.selecting, place, restarted)

    enrolled = cadence.run_due(now=time.now)
    connection.close()  # the queue opens a new connection for each task
    half_done = PlanLine.objects.count(), Enrolment.objects.count()
    for _ in range(2):
        time.goes_on(minutes=1)
        work()

    assert (cuts, enrolled, half_done) == ([place], 0, (0, 0))
    assert CadencePlan.objects.filter(which="monday").count() == 1
    assert Enrolment.objects.count() == HandsetText.objects.filter(from_handset=False).count() == MEMBERS
