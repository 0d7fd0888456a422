"""Events of the stand-in reach our webhook signed, and again until they are answered."""

import json
from datetime import timedelta

import pytest
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from common import clock, doors
from members import stripe_gateway
from members.models import StandinObject
from members.stripe_standin import delivery
from tests.doubles.stripe_account import sdk

received: list[dict] = []
answers: list[int] = []


@csrf_exempt
def door(request: HttpRequest) -> HttpResponse:
    """Verifies like the real door, then answers what the test wants."""
    received.append(stripe_gateway.verify_webhook(request.body, request.headers["Stripe-Signature"]))
    return HttpResponse(status=answers.pop(0) if answers else 200)


urlpatterns = [path(doors.STRIPE_WEBHOOK.lstrip("/"), door)]

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


@pytest.fixture(autouse=True)
def _nothing_received():
    received.clear()
    answers.clear()


def _event() -> StandinObject:
    return StandinObject.objects.get(kind="event")


def test_a_change_is_delivered_by_its_own_task(drain):
    customer = sdk().customers.create()

    drain()

    assert [(event["type"], event["data"]["object"]["id"]) for event in received] == [("customer.created", customer.id)]
    assert received[0] == _event().body
    assert (_event().attempts, _event().delivered_at is not None) == (1, True)


def test_several_changes_arrive_in_the_order_in_which_they_happened(drain):
    for name in ("A", "B", "C"):
        sdk().customers.create({"name": name})

    drain()

    assert [event["data"]["object"]["name"] for event in received] == ["A", "B", "C"]


def test_a_delivered_event_is_not_delivered_again(drain):
    sdk().customers.create()
    drain()

    again = delivery.deliver_due(now=clock.now() + timedelta(days=1))

    assert again == 0
    assert len(received) == 1


def test_an_answer_of_500_counts_as_a_try_and_is_tried_again_when_due(drain):
    sdk().customers.create()
    answers[:] = [500, 503]
    drain()
    now = clock.now()

    early = delivery.deliver_due(now=now + timedelta(seconds=90))
    failed_again = delivery.deliver_due(now=now + timedelta(minutes=3))
    delivered = delivery.deliver_due(now=now + timedelta(minutes=11))

    assert (early, failed_again, delivered) == (0, 0, 1)
    assert len(received) == 3
    assert (_event().attempts, _event().delivered_at) == (3, now + timedelta(minutes=11))


def test_an_event_whose_task_was_lost_is_delivered_by_the_tick():
    sdk().customers.create()
    now = clock.now()

    assert delivery.deliver_due(now=now + timedelta(seconds=10)) == 0
    assert delivery.deliver_due(now=now + timedelta(seconds=40)) == 1


def test_after_three_days_delivery_ends():
    """As at Stripe; reconciling finds what was missed (R134)."""
    sdk().customers.create()
    answers[:] = [500] * 20
    now = clock.now()

    for _ in range(20):
        delivery.deliver_due(now=now + timedelta(days=30))

    assert _event().attempts == len(delivery.TRIES) == len(received)


def test_of_two_workers_that_read_the_same_event_one_delivers_it():
    sdk().customers.create()
    first, second = _event(), _event()
    now = clock.now()

    assert [delivery.attempt(first, now=now), delivery.attempt(second, now=now)] == [True, False]
    assert len(received) == 1


def test_what_arrives_is_plain_json_in_bytes(drain):
    sdk().customers.create({"name": "Zoë “Z” Ortiz"})

    drain()

    assert json.loads(json.dumps(received[0]))["data"]["object"]["name"] == "Zoë “Z” Ortiz"
