"""Stripe's side of the webhook: each event signed and posted to our own door until it is answered 2xx."""

import json
import logging
from datetime import datetime, timedelta
from functools import reduce
from operator import or_

import stripe
from django.conf import settings
from django.db.models import F, Q

from common import doors, loopback
from common.claims import claim
from members.models import StandinObject

log = logging.getLogger(__name__)

# How long after the event each try may start: the task's own comes at once, the tick brings the others.
TRIES = tuple(timedelta(minutes=minutes) for minutes in (0.5, 2, 10, 60, 360, 1440, 2880, 4320))


def deliver_due(*, now: datetime, limit: int = 100) -> int:
    """Deliver what a lost task or a failed try left behind. Returns how many were answered 2xx."""
    late = reduce(or_, (Q(attempts=made, created_at__lte=now - wait) for made, wait in enumerate(TRIES)))
    waiting = StandinObject.objects.filter(late, kind="event", delivered_at__isnull=True)
    pks = list(waiting.order_by("created_at", "pk").values_list("pk", flat=True)[:limit])
    return sum(deliver(pk, now=now) for pk in pks)


def deliver(event_id: str, *, now: datetime) -> bool:
    """One try. False when it was not answered 2xx, or another worker has it."""
    return attempt(StandinObject.objects.get(pk=event_id), now=now)


def attempt(event: StandinObject, *, now: datetime) -> bool:
    """Counted before it is made; of two workers that read the same row one goes on."""
    mine = StandinObject.objects.filter(pk=event.pk, delivered_at__isnull=True, attempts=event.attempts)
    if not claim(mine, attempts=F("attempts") + 1):
        return False
    payload = json.dumps(event.body)
    # Signed with the real time, not the demo's: Stripe's own check of the signature looks at the real clock.
    signature = stripe.WebhookSignature.generate_signature_header(payload, settings.STRIPE_WEBHOOK_SECRETS[0])
    status, _ = loopback.post(
        doors.STRIPE_WEBHOOK,
        body=payload.encode(),
        content_type="application/json; charset=utf-8",
        headers={"Stripe-Signature": signature},
    )
    if not 200 <= status < 300:
        log.warning("The webhook was answered %s", status, extra={"event": event.pk})
        return False
    StandinObject.objects.filter(pk=event.pk).update(delivered_at=now)
    return True
