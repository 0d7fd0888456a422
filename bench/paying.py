"""Stripe's events through gunicorn with two workers, against a bare door that verifies and writes the same two rows
(the event and its task), and against one that writes the event alone.

Eight connections send as fast as they are answered. No queue runs: what is measured ends with the answer to Stripe.
"""

import json
import time
from unittest import mock

import stripe
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bench import databases, loads, serving, synthetic
from bench.harness import Result, medians, percentile, plain_files
from common import clock, doors
from members.models import StandinObject, StripeEvent
from members.stripe_gateway import connection as to_stripe

NAME = "webhooks"
CONNECTIONS, EVENTS, WARM = 8, 3_000, 100


def measure(members: int, runs: int) -> list[Result]:
    """Raises RuntimeError when an answer is not 200, an event is not stored, or Stripe is asked within a request."""
    synthetic.chain(members, now=clock.now())
    databases.settle()
    template = _template()
    with plain_files():
        queries = _statements(template)
    rate, p50, p99, both, one = medians(runs, lambda run: _run(template, run))
    details = {
        "events": EVENTS, "bytes": len(json.dumps(template)), "p50_ms": round(p50, 1), "statements": queries,
        "stripe_calls_in_a_request": 0, "ratio_to_one_row": round(rate / one, 2), "one_row_per_s": round(one),
    }  # fmt: skip
    return [
        Result(NAME, rate, "events/s", both, rate / both, ">= 0.8 x", rate / both >= 0.8, details),
        Result(f"{NAME}: answer", p99, "ms p99", goal="< 50 ms", met=p99 < 50),
    ]


def _template() -> dict[str, object]:
    """A failed renewal as Stripe tells of it, with the whole invoice; of a customer that we know."""
    seeded = StandinObject.objects.filter(kind="invoice").order_by("pk")[0]
    return {
        "id": "", "object": "event", "api_version": settings.STRIPE_API_VERSION, "created": int(time.time()),
        "livemode": False, "pending_webhooks": 1, "request": {"id": None, "idempotency_key": None},
        "type": "invoice.payment_failed", "data": {"object": seeded.body},
    }  # fmt: skip


def _statements(template: dict[str, object]) -> int:
    """SQL statements of one request, transaction's begin and end not counted. Any word to Stripe raises."""
    body, headers = signed(template, "evt_counted")
    refuse = mock.patch.object(to_stripe, "_connected", side_effect=RuntimeError("Stripe was asked within a request"))
    with refuse, CaptureQueriesContext(connection) as captured:
        answer = Client(SERVER_NAME="localhost").post(
            doors.STRIPE_WEBHOOK, body, content_type="application/json", headers=headers
        )
    if answer.status_code != 200 or not StripeEvent.objects.filter(stripe_id="evt_counted").exists():
        raise RuntimeError(f"the door answered {answer.status_code}")
    return len(captured)


def signed(template: dict[str, object], ident: str) -> tuple[bytes, dict[str, str]]:
    """Body and signature header of an event with this id."""
    body = json.dumps({**template, "id": ident})
    secret = settings.STRIPE_WEBHOOK_SECRETS[0]
    return body.encode(), {"Stripe-Signature": stripe.WebhookSignature.generate_signature_header(body, secret)}


def _run(template: dict[str, object], run: int) -> tuple[float, ...]:
    """Events/s, p50 and p99 in ms of the product; events/s of the floor with two rows, and with one."""
    product = _one(serving.PRODUCT, doors.STRIPE_WEBHOOK, template, f"evt_p{run}")
    both = _one(serving.BARE, "/event/", template, f"evt_b{run}")
    one = _one(serving.BARE, "/event-row/", template, f"evt_r{run}")
    answers = [1000 * took for took in product.took]
    return product.rate, percentile(answers, 50), percentile(answers, 99), both.rate, one.rate


def _one(application: str, path: str, template: dict[str, object], prefix: str) -> loads.Load:
    port = serving.free_port()
    before = StripeEvent.objects.count()
    with serving.web(application, port=port):
        loads.send(port, requests(path, template, f"{prefix}w", WARM, port), connections=CONNECTIONS)
        load = loads.send(port, requests(path, template, prefix, EVENTS, port), connections=CONNECTIONS)
    if StripeEvent.objects.count() - before != WARM + EVENTS:
        raise RuntimeError("events were answered with 200 and not stored")
    return load


def requests(path: str, template: dict[str, object], prefix: str, number: int, port: int) -> list[bytes]:
    """Signed now: a signature is good for five minutes."""
    made = []
    for at in range(number):
        body, headers = signed(template, f"{prefix}_{at}")
        headers["Content-Type"] = "application/json"
        made.append(loads.post(path, body, headers=headers, host=f"127.0.0.1:{port}"))
    return made
