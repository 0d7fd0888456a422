"""/healthz and /readyz: what a load balancer and a watchdog ask."""

from datetime import timedelta

import pytest
from django.test import Client

from common import clock
from medspa.models import Heartbeat

pytestmark = pytest.mark.django_db


def beat(*, seconds_ago: int, error: str = "") -> None:
    at = clock.now() - timedelta(seconds=seconds_ago)
    Heartbeat.objects.create(name="tick", beat_at=at, seconds=0.1, error=error)


def test_the_process_is_alive_without_a_ticker(client: Client):
    assert client.get("/healthz").json() == {"ok": True}


def test_not_ready_before_the_first_tick(client: Client):
    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["checks"]["ticker"]["age_seconds"] is None


def test_ready_while_the_ticker_beats(client: Client):
    beat(seconds_ago=30)

    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json()["checks"]["broker"] == {"ok": True, "waiting": 0}


def test_a_stale_ticker_is_told(client: Client, settings):
    beat(seconds_ago=settings.TICK_STALE_SECONDS + 1)

    assert client.get("/readyz").status_code == 503


def test_a_failed_step_is_named_and_does_not_take_the_web_down(client: Client):
    beat(seconds_ago=1, error="sent_messages")

    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json()["checks"]["ticker"]["failed_steps"] == "sent_messages"


def test_only_get_is_answered(client: Client):
    assert client.post("/readyz").status_code == 405
