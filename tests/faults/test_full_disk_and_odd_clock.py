"""A disk without room and a clock that jumps."""

import os
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django_q.models import OrmQ

from medspa import ticking
from members.models import StripeEvent
from outreach import outbox, playbooks
from outreach.models import Enrolment, HandsetText
from tests import factories
from tests.doubles.owing import owing_member, told
from tests.faults.test_kill_in_every_stage import stripe_delivers

pytestmark = pytest.mark.django_db


@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite can be told how large its file may grow")
def test_a_full_disk_refuses_the_webhook_so_that_stripe_repeats_it():
    """Never 200 for an event that is not stored."""
    body = '{"id": "evt_full", "object": "event", "type": "invoice.paid", "livemode": false, "api_version": "%s", %s}'
    event = body % (settings.STRIPE_API_VERSION, '"data": {"object": {"id": "in_1", "note": "%s"}}' % ("x" * 200_000))
    with connection.cursor() as cursor:
        most = cursor.execute("PRAGMA max_page_count").fetchone()[0]
        used = cursor.execute("PRAGMA page_count").fetchone()[0]
        cursor.execute(f"PRAGMA max_page_count={used}")

    full = stripe_delivers(event)
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA max_page_count={most}")
    stored_while_full = StripeEvent.objects.count()
    again = stripe_delivers(event)

    assert (full, stored_while_full) == (500, 0)
    assert (again, StripeEvent.objects.count()) == (200, 1)


@pytest.mark.parametrize("jump", [timedelta(days=2), timedelta(hours=-3)], ids=["ahead", "back"])
def test_a_clock_that_jumps_and_is_set_right_doubles_no_text_and_loses_none(jump, time):
    playbooks.install()
    told(owing_member(patient=factories.make_patient())[1], "payment_failed")
    reply = outbox.post(kind="reply", body="Hello", dedupe_key="r", patient=factories.make_patient("Ben"), now=time.now)

    before = time.now
    for moment in (before + jump, before, before + jump, before + timedelta(minutes=1), before + timedelta(minutes=6)):
        time.now = moment
        ticking.tick(now=time.now)

    reply.refresh_from_db()
    texts = HandsetText.objects.filter(from_handset=False)
    assert Enrolment.objects.count() == 1
    assert reply.status == "sent"
    first_step = texts.exclude(handset=reply.address).filter(body__contains="payment")
    assert texts.filter(handset=reply.address).count() == 1
    assert len(set(first_step.values_list("body", flat=True))) == first_step.count() >= 1


def test_many_deliveries_of_one_event_are_one_row_and_one_task():
    """MEDSPA_DUPLICATES=10000 for the full count; the suite makes do with fewer."""
    body = '{"id": "evt_many", "object": "event", "type": "invoice.paid", "livemode": false, "api_version": "%s", %s}'
    event = body % (settings.STRIPE_API_VERSION, '"data": {"object": {"id": "in_1"}}')

    answers = {stripe_delivers(event) for _ in range(int(os.environ.get("MEDSPA_DUPLICATES", "300")))}

    assert answers == {200}
    assert StripeEvent.objects.count() == OrmQ.objects.count() == 1
