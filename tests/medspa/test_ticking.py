"""The tick: steps in order, one failure does not stop the rest, a heartbeat after each round."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django_q.models import Schedule

from medspa import schedules, ticking
from medspa.models import Heartbeat
from members import billing
from members.stripe_standin import playing
from outreach import outbox
from tests.doubles.subscribed import subscribed_member
from tests.factories import NOON, make_patient

pytestmark = pytest.mark.django_db


def test_a_round_leaves_a_heartbeat():
    ticking.tick(now=NOON)

    assert Heartbeat.objects.get(name="tick").beat_at == NOON


def test_a_step_that_fails_does_not_stop_the_next_one(monkeypatch):
    ran: list[str] = []

    def broken(*, now):
        raise ValueError("no")

    def good(*, now):
        ran.append("good")
        return 3

    monkeypatch.setattr(ticking, "STEPS", {"broken": broken, "good": good})
    monkeypatch.setattr(ticking, "DEMO_STEPS", {})

    moved = ticking.tick(now=NOON)

    assert moved == {"broken": -1, "good": 3}
    assert Heartbeat.objects.get(name="tick").error == "broken"


def test_a_backlog_does_not_keep_a_round_from_its_later_steps(settings):
    """Each step has its share: a round that ran over the queue's limit would be killed, and texts would never go."""
    settings.ROUND_SECONDS = 0
    for number in range(3):
        failed = playing.renew(str(subscribed_member().stripe_subscription_id), now=NOON)
        event = {"id": f"evt_{number}", "type": "invoice.paid", "api_version": settings.STRIPE_API_VERSION}
        billing.record(event={**event, "data": {"object": {"id": failed}}}, now=NOON)
        outbox.post(kind="reply", body="Hello", dedupe_key=f"m{number}", patient=make_patient(), now=NOON)

    moved = ticking.tick(now=NOON + timedelta(minutes=1))

    assert (moved["stripe_events"], moved["sent_messages"]) == (1, 1)


def test_the_steps_of_a_round_fit_into_the_queues_time_limit(settings):
    for steps in (ticking.STEPS, ticking.MEMBERSHIP_STEPS):
        assert len(steps) * settings.ROUND_SECONDS < settings.Q_CLUSTER["timeout"]


def test_the_stand_ins_step_runs_only_in_the_demo(settings):
    settings.DEMO = False

    assert "standin_events" not in ticking.tick(now=NOON)


def test_the_command_runs_a_round_at_a_given_moment():
    out = StringIO()

    call_command("tick", "--at", "2026-06-16T16:00:00Z", "--json", stdout=out)

    answer = json.loads(out.getvalue())
    assert answer["at"] == "2026-06-16T16:00:00+00:00"
    assert answer["sent_messages"] == 0


def test_a_bad_moment_is_refused_with_an_example():
    with pytest.raises(CommandError, match="Write e\\.g\\. 2026"):
        call_command("tick", "--at", "next monday")


def test_at_and_every_exclude_each_other():
    with pytest.raises(CommandError, match="not both"):
        call_command("tick", "--at", "2026-06-16", "--every", "3")


def test_schedules_equal_the_list_however_often_they_are_synced():
    Schedule.objects.create(name="left over", func="nowhere.nothing", args="((")

    for _ in range(2):
        call_command("sync_schedules", stdout=StringIO())

    assert set(Schedule.objects.values_list("name", flat=True)) == {job.name for job in schedules.JOBS}


def test_every_scheduled_function_exists():
    from django.utils.module_loading import import_string

    for job in schedules.JOBS:
        assert callable(import_string(job.func))


def test_syncing_does_not_move_the_next_run():
    schedules.sync()
    before = dict(Schedule.objects.values_list("name", "next_run"))

    schedules.sync()

    assert dict(Schedule.objects.values_list("name", "next_run")) == before
