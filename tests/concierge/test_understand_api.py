"""POST /api/v1/concierge/understand: another system has a text read, by the worker's engine and the live stages."""

from datetime import timedelta

import pytest

from common import clock
from concierge import readings
from concierge.models import Reading
from members import api_keys
from tests.conftest import run_queued_tasks
from tests.factories import NOON

pytestmark = pytest.mark.django_db


@pytest.fixture
def ask(client):
    def post(body: dict, *, scope: str = "understand"):
        _, token = api_keys.issue(name="Lab", scopes=[scope], actor="test", now=clock.now(), requests_a_minute=60)
        return client.post(
            "/api/v1/concierge/understand", body, content_type="application/json",
            headers={"Authorization": f"Bearer {token}"},
        )  # fmt: skip

    return post


@pytest.fixture
def _worker(monkeypatch):
    """A worker that has read the text by the time the page looks."""
    take = readings.take

    def after_work(asked):
        run_queued_tasks()
        return take(asked)

    monkeypatch.setattr(readings, "take", after_work)


@pytest.mark.usefixtures("_worker")
@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("I can't breathe", "emergency"),
        ("please stop texting me", "opt_out"),
        ("How many credits do I have left?", "credit_balance"),
        ("", "other"),
    ],
)
def test_a_text_is_read_as_in_the_live_pipeline_and_not_kept(ask, text, intent):
    answer = ask({"text": text})

    assert answer.status_code == 200
    assert answer.json()["intent"] == intent
    assert 0 <= answer.json()["confidence"] <= 1
    assert not Reading.objects.exists()


def test_without_a_worker_it_says_to_ask_again(ask):
    answer = ask({"text": "hello"})

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"
    assert answer.headers["Content-Type"].startswith("application/problem+json")


def test_a_key_without_the_scope_is_refused(ask):
    assert ask({"text": "hello"}, scope="read").status_code == 403


def test_a_text_longer_than_a_carrier_delivers_is_refused(ask):
    assert ask({"text": "a" * 1_601}).status_code == 422


def test_a_text_that_nobody_waited_for_is_forgotten(ask):
    readings.ask(text="my private words", now=NOON)

    readings.forget_old(now=NOON + timedelta(minutes=5))

    assert not Reading.objects.exists()
