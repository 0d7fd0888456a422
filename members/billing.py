"""Stripe's events: stored once, applied from the live object, turned into facts that other floors claim.

An event is only a nudge. What is applied is the object as Stripe has it now, so order and repeats do not matter
(docs/decisions/004): an answer that was fetched before the last one applied is stale and is dropped, and an invoice
that is paid or void is never reopened.
"""

import logging
from datetime import datetime, timedelta
from typing import Any
from zlib import crc32

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Q

from common.claims import claim
from common.errors import Refused
from common.rounds import in_time
from members import audit, billing_mirror, cards, disputes, escalations, stripe_gateway
from members.models import Escalation, Membership, Quote, StaffUser, StripeEvent

log = logging.getLogger(__name__)

State = StripeEvent.State
LEASE = timedelta(minutes=2)
MAX_ATTEMPTS = 8
OUTAGE = timedelta(days=3)  # so long an event is tried while Stripe cannot be asked

# The types we act on (R136); every other type is stored and answered 200.
INVOICE_EVENTS = frozenset(
    f"invoice.{what}"
    for what in (
        "created",
        "finalized",
        "payment_failed",
        "payment_action_required",
        "paid",
        "voided",
        "marked_uncollectible",
    )
)
SUBSCRIPTION_EVENTS = frozenset(
    f"customer.subscription.{what}" for what in ("created", "updated", "paused", "resumed", "deleted")
)
SESSION_EVENTS = frozenset({"checkout.session.completed"})
# Not Stripe's: what the comparison with Stripe found, applied in the same way.
NUDGES = {"subscription": "reconcile.subscription", "invoice": "reconcile.invoice"}
# What may have changed the card that the next charge uses, or comes shortly before that charge.
CARD_EVENTS = frozenset(
    {
        "customer.updated",
        "customer.source.expiring",
        "invoice.upcoming",
        "payment_method.attached",
        "payment_method.automatically_updated",
        "payment_method.detached",
        "setup_intent.succeeded",
    }
)
DISPUTE_EVENTS = frozenset({"charge.dispute.created", "charge.dispute.closed"})
REFUND_EVENTS = frozenset({"charge.refunded"})
ACTED_ON = INVOICE_EVENTS | SUBSCRIPTION_EVENTS | SESSION_EVENTS | CARD_EVENTS | DISPUTE_EVENTS | REFUND_EVENTS


def nudge(*, what: str, object_id: str, key: str, now: datetime) -> StripeEvent:
    """An event of our own making that lets a subscription or an invoice be applied from the live object.

    The same key gives the same event, so that a repair that is done over changes nothing.
    """
    nudged, _ = StripeEvent.objects.get_or_create(
        stripe_id=f"{NUDGES[what]}:{key}",
        defaults={
            "type": NUDGES[what],
            "api_version": settings.STRIPE_API_VERSION,
            "livemode": False,
            "object_id": object_id,
            "payload": {},
            "received_at": now,
        },
    )
    return nudged


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
    # What must be looked at again did not fail: its tries begin anew, or it would be left lying after the last.
    again: dict[str, Any] = {"attempts": 0} if state == State.STORED else {}
    StripeEvent.objects.filter(pk=event.pk).update(
        state=state, applied_at=applied_at, leased_until=None, error="", **again
    )


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


def replay(*, event: StripeEvent, by: StaffUser | None, now: datetime) -> None:
    """Let an event that came to nothing be applied again, from the live object. The caller queues the work.

    Also one of another API version: only its type and the id that it names are read. Raises Refused for one that was
    applied or waits anyway.
    """
    with transaction.atomic():
        again = claim(
            StripeEvent.objects.filter(pk=event.pk, state__in=StripeEvent.CAME_TO_NOTHING),
            state=State.STORED,
            attempts=0,
            leased_until=None,
            error="",
        )
        if not again:
            raise Refused("This event was applied, or it waits for its turn.", code="not_replayable")
        audit.record(
            "stripe_event.replayed",
            actor=f"staff:{by.pk}" if by else "system",
            patient=None,
            now=now,
            data={"event": event.stripe_id, "type": event.type},
        )


def _apply(event: StripeEvent, now: datetime) -> str:
    if event.type in SESSION_EVENTS:
        done = cards.finish_session(session_id=event.object_id, now=now)
        return State.APPLIED if done else State.UNMATCHED
    if event.type in DISPUTE_EVENTS:
        done = disputes.follow_dispute(dispute_id=event.object_id, event=event, now=now)
        return State.APPLIED if done else State.UNMATCHED
    if event.type in REFUND_EVENTS:
        done = disputes.follow_refund(charge_id=event.object_id, event=event, now=now)
        return State.APPLIED if done else State.UNMATCHED
    return _mirror(event, now)


def _mirror(event: StripeEvent, now: datetime) -> str:
    """The subscription with its card, and the invoice if the event is about one."""
    of_invoice = event.type in INVOICE_EVENTS or event.type == NUDGES["invoice"]
    invoice = stripe_gateway.fetch_invoice(event.object_id) if of_invoice else None
    joins = _is_joining(event)  # asked before the membership: once this is over, the row is there
    if event.type in CARD_EVENTS:
        membership = Membership.objects.of_customer(_customer_of(event))
    else:
        named = invoice.subscription_id if invoice else event.object_id
        # "" must match nobody: a one-off invoice has no subscription, and some members are not at Stripe yet.
        membership = Membership.objects.filter(stripe_subscription_id=named).first() if named else None
    if membership is None or not membership.stripe_subscription_id:
        return State.STORED if joins else State.UNMATCHED

    subscription = stripe_gateway.fetch_with_card(membership.stripe_subscription_id)
    live = billing_mirror.Live(
        fetched_at=now,
        subscription=subscription.facts,
        card=subscription.card,
        invoice=invoice,
        decline_code=stripe_gateway.decline_code(invoice.id) if invoice and invoice.attempted else "",
    )
    # A stale answer is asked for again at the next round: a neighbour's newer one may not have been about the invoice.
    written = billing_mirror.apply(live, membership_pk=membership.pk, event=event, now=now)
    return State.APPLIED if written else State.STORED


def _is_joining(event: StripeEvent) -> bool:
    """Whether a membership of the customer is being started, so that its subscription is not written here yet."""
    customer = _customer_of(event) if event.payload else ""
    under_way = Quote.objects.filter(state=Quote.State.ACCEPTED, act__in=(Quote.Act.START, Quote.Act.RESTART))
    return bool(customer) and under_way.filter(membership__stripe_customer_id=customer).exists()


def _customer_of(event: StripeEvent) -> str:
    """Whom an event about a card names; a detached card has no customer any more, but had one before."""
    if event.type == "customer.updated":
        return event.object_id
    data = event.payload["data"]
    for place in (data["object"], data.get("previous_attributes") or {}):
        if isinstance(customer := place.get("customer"), str):
            return customer
    return ""


def _first_state(event: dict[str, Any]) -> str:
    if event["type"] not in ACTED_ON:
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
    attempts = event.attempts
    if isinstance(error, stripe_gateway.StripeUnavailable) and now - event.received_at < OUTAGE:
        attempts = min(attempts, MAX_ATTEMPTS - 1)  # an outage is no fault of the event's
    if attempts >= MAX_ATTEMPTS:
        _give_up(event, words, now)
        return
    # Spread over half as much again, so that what an outage held back does not come all at once (R146).
    seconds = min(15 * 2**attempts, 3600) * (1 + crc32(event.stripe_id.encode()) % 50 / 100)
    StripeEvent.objects.filter(pk=event.pk).update(
        state=State.FAILED, error=words, attempts=attempts, leased_until=now + timedelta(seconds=seconds)
    )


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
