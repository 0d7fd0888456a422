"""Stripe's events: stored once, applied from the live object, turned into facts that other floors claim.

An event is only a nudge. What is applied is the object as Stripe has it now, so order and repeats do not matter
(docs/decisions/004): an answer that was fetched before the last one applied is stale and is dropped, and an invoice
that is paid or void is never reopened.
"""

import logging
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Q

from common.claims import claim
from common.rounds import in_time
from members import billing_mirror, cards, escalations, stripe_gateway
from members.models import Escalation, Membership, StripeEvent

log = logging.getLogger(__name__)

State = StripeEvent.State
LEASE = timedelta(minutes=2)
MAX_ATTEMPTS = 8

# The types we act on (R136); every other type is stored and answered 200.
INVOICE_EVENTS = frozenset(
    {
        "invoice.payment_failed",
        "invoice.payment_action_required",
        "invoice.paid",
        "invoice.voided",
        "invoice.marked_uncollectible",
    }
)
SUBSCRIPTION_EVENTS = frozenset(
    {"customer.subscription.created", "customer.subscription.updated", "customer.subscription.deleted"}
)
SESSION_EVENTS = frozenset({"checkout.session.completed"})


def record(*, event: dict[str, Any], now: datetime) -> StripeEvent | None:
    """Store a verified event. None when it was already stored (R133); the caller queues the work for a new one."""
    try:
        with transaction.atomic():
            stored = StripeEvent.objects.create(
                stripe_id=event["id"],
                type=event["type"],
                api_version=event.get("api_version") or "",
                livemode=bool(event.get("livemode")),
                object_id=_object_id(event),
                payload=event,
                received_at=now,
                state=_first_state(event),
            )
    except IntegrityError:
        return None
    if stored.state == State.QUARANTINED:
        _tell_of_version(stored, now)
    return stored


def apply(event_pk: int, *, now: datetime) -> None:
    """Bring our rows to what Stripe has now for the object that the event names.

    Whatever goes wrong is kept on the event; the tick tries again, and after MAX_ATTEMPTS a person is told.
    """
    if not claim(
        StripeEvent.objects.filter(_waiting(now), pk=event_pk),
        leased_until=now + LEASE,
        attempts=F("attempts") + 1,
    ):
        return
    event = StripeEvent.objects.get(pk=event_pk)
    try:
        state = _apply(event, now)
    except Exception as error:  # noqa: BLE001  (nothing is lost: any failure is kept, retried and in the end shown)
        _keep_failure(event, error, now)
        return
    applied_at = None if state == State.STORED else now
    StripeEvent.objects.filter(pk=event.pk).update(state=state, applied_at=applied_at, leased_until=None, error="")


def apply_waiting(*, now: datetime, limit: int = 100) -> int:
    """The net under the webhook's task: events whose task was lost or failed. Returns how many were tried."""
    # A worker that is killed notes no failure: the event stays leased, with its tries used up.
    dead = StripeEvent.objects.filter(_unfinished(), attempts__gte=MAX_ATTEMPTS, leased_until__lte=now)
    for event in dead[:limit]:
        _give_up(event, "The task was stopped each time before it could end.", now)
    waiting = StripeEvent.objects.filter(_waiting(now), received_at__lte=now - timedelta(seconds=30))
    tried = 0
    for pk in in_time(list(waiting.order_by("received_at").values_list("pk", flat=True)[:limit])):
        apply(pk, now=now)
        tried += 1
    return tried


def _apply(event: StripeEvent, now: datetime) -> str:
    if event.type in SESSION_EVENTS:
        done = cards.finish_session(session_id=event.object_id, now=now)
        return State.APPLIED if done else State.UNMATCHED

    invoice = stripe_gateway.fetch_invoice(event.object_id) if event.type in INVOICE_EVENTS else None
    subscription_id = invoice.subscription_id if invoice else event.object_id
    # "" must match nobody: a one-off invoice has no subscription, and some members are not at Stripe yet.
    membership = Membership.objects.filter(stripe_subscription_id=subscription_id).first() if subscription_id else None
    if membership is None:
        return State.UNMATCHED

    live = billing_mirror.Live(
        fetched_at=now,
        subscription=stripe_gateway.fetch_subscription(subscription_id),
        card=stripe_gateway.fetch_card(subscription_id),
        invoice=invoice,
        decline_code=stripe_gateway.decline_code(invoice.id) if invoice and invoice.attempted else "",
    )
    # A stale answer is asked for again at the next round: a neighbour's newer one may not have been about the invoice.
    written = billing_mirror.apply(live, membership_pk=membership.pk, event=event, now=now)
    return State.APPLIED if written else State.STORED


def _first_state(event: dict[str, Any]) -> str:
    if event["type"] not in INVOICE_EVENTS | SUBSCRIPTION_EVENTS | SESSION_EVENTS:
        return State.IGNORED
    # Shapes differ between API versions; guessing at one could move money wrongly (R130).
    if event.get("api_version") != settings.STRIPE_API_VERSION:
        return State.QUARANTINED
    return State.STORED


def _object_id(event: dict[str, Any]) -> str:
    body = event.get("data")
    named = body.get("object") if isinstance(body, dict) else None
    ident = named.get("id") if isinstance(named, dict) else None
    return ident if isinstance(ident, str) else ""


def _unfinished() -> Q:
    return Q(state__in=[State.STORED, State.FAILED])


def _waiting(now: datetime) -> Q:
    return _unfinished() & Q(attempts__lt=MAX_ATTEMPTS) & (Q(leased_until__isnull=True) | Q(leased_until__lte=now))


def _keep_failure(event: StripeEvent, error: Exception, now: datetime) -> None:
    log.warning("stripe event not applied", extra={"event": event.stripe_id, "error": type(error).__name__})
    words = f"{type(error).__name__}: {error}"[:2000]
    if event.attempts >= MAX_ATTEMPTS:
        _give_up(event, words, now)
        return
    backoff = timedelta(seconds=min(15 * 2**event.attempts, 3600))
    StripeEvent.objects.filter(pk=event.pk).update(state=State.FAILED, error=words, leased_until=now + backoff)


def _give_up(event: StripeEvent, error: str, now: datetime) -> None:
    with transaction.atomic():
        StripeEvent.objects.filter(pk=event.pk).update(state=State.FAILED, error=error, leased_until=None)
        escalations.open(
            reason=Escalation.Reason.BILLING_SYNC,
            summary=f"Stripe's {event.type} ({event.stripe_id}) could not be applied after {MAX_ATTEMPTS} tries. "
            "Look at the member in Stripe and check that their status here is right.",
            subject=f"event:{event.stripe_id}",
            now=now,
        )


def _tell_of_version(event: StripeEvent, now: datetime) -> None:
    """R130. One case a version: until the endpoint is set right, nothing that Stripe tells us is applied."""
    escalations.open(
        reason=Escalation.Reason.BILLING_SYNC,
        summary=f"Stripe's webhook endpoint sends API version {event.api_version or '(none)'}, we read "
        f"{settings.STRIPE_API_VERSION}. Its events are kept but not applied: set the endpoint's version in Stripe.",
        subject=f"stripe-version:{event.api_version}",
        now=now,
    )
