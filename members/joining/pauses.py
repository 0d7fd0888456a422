"""A pause whose date has come must be over at Stripe as well: looked up, not believed."""

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from common import clock
from common.rounds import in_time
from members import audit, escalations, membership_mirror, stripe_gateway
from members.joining.acts import LEAD
from members.models import Escalation, Membership, Quote
from members.stripe_gateway import StripeRefused, StripeUnavailable, SubscriptionFacts

log = logging.getLogger(__name__)
_PATIENCE = timedelta(hours=1)
_ROWS = Membership.objects.select_related("patient", "location", "plan_version")


def check_pauses(*, now: datetime, limit: int = 100) -> int:
    """Bring memberships whose pause is over back, and open a case where Stripe goes on pausing. Returns how many."""
    # A skipped payment's pause ends before the next payment, a reduced price with it.
    ended = Q(paused_until__lte=now + LEAD - _PATIENCE, at_reduced_price=False) | Q(paused_until__lte=now - _PATIENCE)
    over = Membership.objects.filter(
        ended, status=Membership.Status.PAUSED, stripe_subscription_id__isnull=False
    ).exclude(stripe_fetched_at__gt=now - _PATIENCE)
    seen = 0
    for membership in in_time(list(over.only("pk", "stripe_subscription_id")[:limit])):
        try:
            facts = stripe_gateway.fetch_subscription(str(membership.stripe_subscription_id))
        except (StripeUnavailable, StripeRefused):
            log.exception("a pause could not be looked up", extra={"membership": membership.pk})
            continue
        _settle(membership.pk, facts, now)
        seen += 1
    return seen


def hold_pause(*, membership: Membership, now: datetime) -> bool:
    """Let a pause go on until somebody resumes it, as its end was announced to nobody (R99). False: not held.

    From then on nothing is charged, the reduced price neither. Where Stripe does not let it be held, a person is told
    of it before the charge. Raises StripeUnavailable.
    """
    until = membership.paused_until
    if until is None or not _waits_for(membership.pk, until):
        return False
    key = f"pause-held:{membership.pk}:{until:%Y%m%d}"
    try:
        facts = _hold(membership, key)
    except StripeRefused:
        log.warning("Stripe refused to hold a pause", extra={"membership": membership.pk})
        facts = None
    with transaction.atomic():
        locked = Membership.objects.select_for_update(of=("self",)).select_related("patient", "location")
        membership = locked.get(pk=membership.pk)
        wanted = _waits_for(membership.pk, until)
        held = facts is not None and facts.collection_paused and facts.resumes_at is None
        if wanted:
            _keep_held(membership, until, held, now)
    if facts and not wanted:  # somebody resumed it in this very moment: that counts
        stripe_gateway.resume(subscription_id=facts.id, key=f"{key}:undone")
    return wanted and held


def _hold(membership: Membership, key: str) -> SubscriptionFacts:
    """At Stripe. A reduced price loses its schedule first and gets the full price back last: should a step fail, the
    steps before it would not charge the full price."""
    subscription_id = str(membership.stripe_subscription_id)
    if not membership.at_reduced_price:
        return stripe_gateway.pause(subscription_id=subscription_id, resumes_at=None, key=key)
    stripe_gateway.keep_price(subscription_id=subscription_id, key=key)
    stripe_gateway.pause(subscription_id=subscription_id, resumes_at=None, key=key)
    return stripe_gateway.restore_price(
        subscription_id=subscription_id, price_id=membership.plan_version.stripe_price_id, key=key
    )


def _waits_for(pk: int, until: datetime) -> bool:
    """Whether the membership is still paused until then, and nobody is changing that."""
    waiting = Membership.objects.filter(pk=pk, status=Membership.Status.PAUSED, paused_until=until)
    return waiting.exclude(quotes__state=Quote.State.ACCEPTED).exists()


def _keep_held(membership: Membership, until: datetime, held: bool, now: datetime) -> None:
    if held:
        membership.paused_until, membership.at_reduced_price, membership.stripe_fetched_at = None, False, now
        membership.save(update_fields=["paused_until", "at_reduced_price", "stripe_fetched_at"])
        data = {"membership": membership.pk, "until": until.isoformat()}
        audit.record("membership.pause_held", actor="system", patient=membership.patient, now=now, data=data)
    day = clock.local_date(until, membership.location.time_zone)
    subject = f"pause:{membership.pk}:{day}"  # a case of its own, also beside one about a payment; once a pause
    if Escalation.objects.filter(subject=subject).exists():
        return
    escalations.open(
        reason=Escalation.Reason.PAYMENT,
        patient=membership.patient,
        subject=subject,
        summary=f"The pause was to end on {day:%B} {day.day}, but no reminder of that reached the patient. "
        + (_THEN if held else _NOT_HELD),
        now=now,
    )


_THEN = "It goes on and nothing is charged: ask them, and resume the membership when they agree."
_NOT_HELD = "It could not be held: tell them before that day, or pause the subscription in Stripe, or it is charged."


def _settle(pk: int, facts: SubscriptionFacts, now: datetime) -> None:
    with transaction.atomic():
        membership = _ROWS.select_for_update(of=("self",)).get(pk=pk)
        before = membership.status
        membership_mirror.follow(membership, facts, fetched_at=now, now=now)
        membership.save()
        membership_mirror.tell(membership, before=before, now=now)
        if membership.at_reduced_price:
            escalations.open(
                reason=Escalation.Reason.BILLING_SYNC,
                patient=membership.patient,
                summary="The pause is over, but Stripe still charges the reduced price. Set the plan's price in "
                "Stripe.",
                now=now,
            )
        if facts.collection_paused and not _ends_in_time(membership, facts, now):
            escalations.open(
                reason=Escalation.Reason.BILLING_SYNC,
                patient=membership.patient,
                summary="The pause is over, but Stripe still shows it: no payment would be collected. Resume it in "
                "Stripe.",
                now=now,
            )


def _ends_in_time(membership: Membership, facts: SubscriptionFacts, now: datetime) -> bool:
    """One that was begun in the Dashboard ends at its own moment, not LEAD before the payment."""
    until = membership.paused_until
    return until is not None and facts.resumes_at is not None and now < facts.resumes_at <= until
