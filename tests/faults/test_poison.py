"""What kills or spoils the work each time it is tried: it ends, a person hears of it, and the rest goes on."""

import pytest
from django_q.brokers import get_broker
from django_q.models import OrmQ, Schedule
from django_q.scheduler import scheduler

from common import clock
from concierge.models import Turn
from medspa import schedules, ticking
from members import billing
from members.models import Escalation, StripeEvent
from members.stripe_standin import playing
from outreach import inbound, playbooks
from outreach.models import HandsetText
from tests import factories
from tests.doubles.dying import killed_at
from tests.doubles.events import stored
from tests.doubles.subscribed import subscribed_member


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_an_event_that_kills_its_worker_each_time_is_given_to_a_person(time):
    """As when reading it takes all memory. Counted before the work: no crash can hide a try."""
    failed = playing.renew(str(subscribed_member().stripe_subscription_id), now=time.now)
    poison = stored("invoice.paid", failed)
    OrmQ.objects.all().delete()

    for _ in range(billing.MAX_ATTEMPTS):
        time.goes_on(minutes=3)  # the lease of the last try is over
        killed_at("members.billing._apply", "before", lambda: billing.apply_waiting(now=clock.now()))
    time.goes_on(minutes=3)
    moved = ticking.tick(now=time.now)

    poison.refresh_from_db()
    case = Escalation.objects.get()
    assert (poison.state, poison.attempts) == (StripeEvent.State.FAILED, billing.MAX_ATTEMPTS)
    assert (case.reason, "stopped each time" in poison.error) == (Escalation.Reason.BILLING_SYNC, True)
    assert moved["stripe_events"] == 0  # it is tried no more


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_text_that_kills_its_worker_is_read_once_and_then_by_a_person(time, restart):
    playbooks.install()
    patient = factories.make_membership(factories.make_patient()).patient
    received = inbound.receive(
        sid="SM1", sender=patient.phone, recipient="", body="Can I book?", media_count=0, opt_out_type="", now=time.now
    )
    time.goes_on(minutes=1)

    killed_at("concierge.asked.read", "before", lambda: ticking.tick(now=clock.now()))
    restart()

    assert Escalation.objects.get().reason == Escalation.Reason.UNANSWERED
    assert Turn.objects.get(message=received.message).finished_at is not None
    assert not HandsetText.objects.exists()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)  # the queue's pass closes its connection
def test_a_malformed_schedule_stops_all_others_until_the_next_start_removes_it():
    """One transaction holds the queue's whole pass, so a row that somebody wrote by hand stops the ticker."""
    schedules.sync()
    Schedule.objects.create(
        name="by-hand", func="medspa.tasks.tick", args="not python(", minutes=1, next_run=clock.now(), repeats=-1
    )
    Schedule.objects.update(next_run=clock.now())

    scheduler(broker=get_broker())
    while_it_lies_there = OrmQ.objects.count()
    schedules.sync()  # as at each start
    Schedule.objects.update(next_run=clock.now())
    scheduler(broker=get_broker())

    assert while_it_lies_there == 0
    assert OrmQ.objects.count() == len(schedules.JOBS)
