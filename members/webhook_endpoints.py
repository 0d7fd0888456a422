"""Where other systems hear news: endpoints with secrets, deliveries with retries, and an end to endless failing.

A secret is derived from the endpoint's uuid and our own key, never stored. After a rotation the former one signs along
for a day, and so do those of SECRET_KEY_FALLBACKS.
"""

import base64
import json
from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils.crypto import salted_hmac

from common import clock
from common.claims import claim
from common.errors import Refused
from common.rounds import in_time
from members import audit, escalations, webhook_posting
from members.models import Escalation, StaffUser, WebhookDelivery, WebhookEndpoint, WebhookEvent
from members.webhook_posting import Answer

State = WebhookDelivery.State
Post = Callable[..., Answer]
LEASE = timedelta(minutes=1)
# How long after a failed try the next one waits; after the last the delivery is given up.
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 360, 720))
MOST_FAILURES = 20  # in a row, over all deliveries: then the endpoint is switched off and a person told
OVERLAP = timedelta(days=1)
KEPT = timedelta(days=30)
_BATCH = 100


def add(
    *, url: str, events: Collection[str], actor: str, now: datetime, by: StaffUser | None = None
) -> WebhookEndpoint:
    """Raises Refused for an address that may not be posted to, or without a known event."""
    known = [event for event in WebhookEndpoint.Event.values if event in events]
    if not known or len(known) != len(set(events)):
        raise Refused("Choose what the endpoint should hear.", code="no_event")
    webhook_posting.check(url)
    with transaction.atomic():
        endpoint = WebhookEndpoint.objects.create(url=url, events=known, created_by=by, created_at=now)
        _trace("added", endpoint, actor, now)
    return endpoint


def rotate(*, endpoint: WebhookEndpoint, actor: str, now: datetime) -> None:
    """A new secret; the old one signs along for a day."""
    with transaction.atomic():
        WebhookEndpoint.objects.filter(pk=endpoint.pk).update(secret_version=F("secret_version") + 1, rotated_at=now)
        endpoint.refresh_from_db()
        _trace("rotated", endpoint, actor, now)


def disable(*, endpoint: WebhookEndpoint, reason: str, actor: str, now: datetime) -> None:
    """Nothing is sent there any more; what waits is given up."""
    with transaction.atomic():
        WebhookEndpoint.objects.filter(pk=endpoint.pk).update(disabled_at=now, disabled_reason=reason)
        endpoint.deliveries.filter(state=State.WAITING).update(state=State.GIVEN_UP, finished_at=now, error=reason)
        endpoint.refresh_from_db()
        _trace("disabled", endpoint, actor, now)


def enable(*, endpoint: WebhookEndpoint, actor: str, now: datetime) -> None:
    """Send there again, from now on. Raises Refused for an address that may not be posted to (any more)."""
    webhook_posting.check(endpoint.url)
    with transaction.atomic():
        WebhookEndpoint.objects.filter(pk=endpoint.pk).update(disabled_at=None, disabled_reason="", failures_in_a_row=0)
        endpoint.refresh_from_db()
        _trace("enabled", endpoint, actor, now)


def secrets(endpoint: WebhookEndpoint, *, now: datetime) -> list[str]:
    """What signs now, the present secret in front."""
    versions = [endpoint.secret_version]
    if endpoint.rotated_at and now < endpoint.rotated_at + OVERLAP:
        versions.append(endpoint.secret_version - 1)
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return [_secret(endpoint, version, key) for version in versions for key in keys]


def run(*, now: datetime) -> None:
    """The round of each minute: new events to their endpoints, what is due on its way, what is old away."""
    hand_out(now=now)
    deliver_due(now=now)
    forget_old(now=now)


def hand_out(*, now: datetime) -> int:
    """Make a delivery of each new event for each endpoint that hears it. Returns how many were made."""
    made = 0
    for event in WebhookEvent.objects.filter(handed_at__isnull=True).order_by("pk")[:_BATCH]:
        with transaction.atomic():
            if not claim(WebhookEvent.objects.filter(pk=event.pk, handed_at__isnull=True), handed_at=now):
                continue
            hearing = [each for each in WebhookEndpoint.objects.filter(disabled_at=None) if event.type in each.events]
            WebhookDelivery.objects.bulk_create(
                [WebhookDelivery(endpoint=each, event=event, due_at=now) for each in hearing]
            )
            made += len(hearing)
    return made


def deliver_due(*, now: datetime, post: Post = webhook_posting.post) -> int:
    """Try what is due, each claimed, counted and committed before the call. Returns how many were taken."""
    due = WebhookDelivery.objects.filter(state=State.WAITING, due_at__lte=now).order_by("due_at", "pk")
    return sum(_deliver(pk, now, post) for pk in in_time(list(due.values_list("pk", flat=True)[:_BATCH])))


def forget_old(*, now: datetime) -> None:
    """Events, and their deliveries with them, are kept 30 days."""
    WebhookEvent.objects.filter(occurred_at__lt=now - KEPT).delete()


def _deliver(pk: int, now: datetime, post: Post) -> bool:
    mine = WebhookDelivery.objects.filter(pk=pk, state=State.WAITING, due_at__lte=now)
    if not claim(mine, due_at=now + LEASE, attempts=F("attempts") + 1):
        return False
    delivery = WebhookDelivery.objects.select_related("endpoint", "event").get(pk=pk)
    answer = post(delivery.endpoint.url, **_request(delivery, now))
    if answer.is_taken:
        _taken(delivery, answer, now)
    else:
        _failed(delivery, answer, now)
    return answer.is_taken


def _request(delivery: WebhookDelivery, now: datetime) -> dict[str, bytes | dict[str, str]]:
    """Body and headers by the Standard Webhooks specification. The id is the same at each try."""
    event = delivery.event
    told = {"type": event.type, "timestamp": event.occurred_at.isoformat(), "data": event.data}
    body, message_id = json.dumps(told).encode(), f"msg_{event.uuid.hex}"
    at = int((now - clock.offset()).timestamp())  # receivers look at the real clock, not at the demo's
    signatures = [
        webhook_posting.signature(secret, message_id=message_id, timestamp=at, body=body)
        for secret in secrets(delivery.endpoint, now=now)
    ]
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "medspa-membership-layer",
        "webhook-id": message_id,
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(signatures),
    }
    return {"body": body, "headers": headers}


def _taken(delivery: WebhookDelivery, answer: Answer, now: datetime) -> None:
    WebhookDelivery.objects.filter(pk=delivery.pk).update(
        state=State.DELIVERED, finished_at=now, status_code=answer.status, error=""
    )
    WebhookEndpoint.objects.filter(pk=delivery.endpoint_id).update(failures_in_a_row=0)


def _failed(delivery: WebhookDelivery, answer: Answer, now: datetime) -> None:
    with transaction.atomic():
        endpoint = WebhookEndpoint.objects.select_for_update().get(pk=delivery.endpoint_id)
        endpoint.failures_in_a_row += 1
        endpoint.save(update_fields=["failures_in_a_row"])
        last = delivery.attempts > len(PAUSES)
        WebhookDelivery.objects.filter(pk=delivery.pk, state=State.WAITING).update(
            state=State.GIVEN_UP if last else State.WAITING,
            due_at=now if last else now + PAUSES[delivery.attempts - 1],
            finished_at=now if last else None,
            status_code=answer.status or None,
            error=answer.error[:200],
        )
        if endpoint.failures_in_a_row >= MOST_FAILURES and endpoint.disabled_at is None:
            disable(endpoint=endpoint, reason=f"Failed {MOST_FAILURES} times in a row.", actor="system", now=now)
            escalations.open(
                reason=Escalation.Reason.INTEGRATION,
                summary=f"The webhook endpoint {endpoint.url} failed {MOST_FAILURES} times in a row and is switched "
                f"off: {answer.error} Put it right, then switch it on under Webhooks.",
                subject=f"webhook:{endpoint.pk}",
                now=now,
            )


def _secret(endpoint: WebhookEndpoint, version: int, key: str) -> str:
    digest = salted_hmac("members.webhooks", f"{endpoint.uuid}:{version}", secret=key, algorithm="sha256").digest()
    return f"whsec_{base64.b64encode(digest).decode()}"


def _trace(act: str, endpoint: WebhookEndpoint, actor: str, now: datetime) -> None:
    data = {"endpoint": endpoint.pk, "events": endpoint.events}
    audit.record(f"webhook_endpoint.{act}", actor=actor, patient=None, now=now, data=data)
