"""Doors that verify, insert and enqueue, and do nothing else. Only `bench.bare.wsgi` mounts them."""

import json

import stripe
from django.conf import settings
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django_q.tasks import async_task
from twilio.request_validator import RequestValidator

from bench.bare import tasks

_EVENT = """INSERT INTO members_stripeevent
 (stripe_id, type, api_version, livemode, object_id, payload, state, received_at, attempts, error)
 VALUES (%s, %s, %s, false, %s, %s, 'stored', now(), 0, '') ON CONFLICT DO NOTHING RETURNING id"""
_TEXT = """INSERT INTO outreach_message
 (uuid, direction, channel, kind, status, address, body, provider_sid, created_at, segments, attempts,
  provider_status, error_code, reason, wants_answer, media_count)
 VALUES (gen_random_uuid(), 'in', 'sms', 'inbound', 'received', %s, %s, %s, now(), 0, 0, '', '', '', true, 0)
 ON CONFLICT DO NOTHING RETURNING id"""


def event_row(request: HttpRequest) -> HttpResponse:
    """One row an event."""
    _store(request)
    return HttpResponse()


def event_and_task(request: HttpRequest) -> HttpResponse:
    """The two rows that the product writes: the event and its task."""
    with transaction.atomic():
        if pk := _store(request):
            async_task(tasks.nothing, pk)
    return HttpResponse()


def text(request: HttpRequest) -> HttpResponse:
    """Store a text and enqueue its answer."""
    url = settings.PUBLIC_BASE_URL + request.get_full_path()
    told, signature = request.POST, request.headers.get("X-Twilio-Signature", "")
    if not RequestValidator(settings.TWILIO_AUTH_TOKENS[0]).validate(url, told, signature):
        return HttpResponse(status=403)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_TEXT, [told["From"], told["Body"], told["MessageSid"]])
        row = cursor.fetchone()
        if row:
            async_task(tasks.answer, row[0])
    return HttpResponse()


def _store(request: HttpRequest) -> int | None:
    body = request.body.decode()
    secret = settings.STRIPE_WEBHOOK_SECRETS[0]
    stripe.WebhookSignature.verify_header(body, request.headers.get("Stripe-Signature", ""), secret, 300)
    event = json.loads(body)
    with connection.cursor() as cursor:
        cursor.execute(_EVENT, [event["id"], event["type"], event["api_version"], event["data"]["object"]["id"], body])
        row = cursor.fetchone()
    return row[0] if row else None


urlpatterns = [path("event-row/", event_row), path("event/", event_and_task), path("text/", text)]
