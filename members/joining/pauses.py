"""A pause whose date has come must be over at Stripe as well: looked up, not believed."""

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from common.rounds import in_time
from members import escalations, membership_mirror, stripe_gateway
from members.joining.acts import LEAD
from members.models import Escalation, Membership
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
        if facts.collection_paused:
            escalations.open(
                reason=Escalation.Reason.BILLING_SYNC,
                patient=membership.patient,
                summary="The pause is over, but Stripe still shows it: no payment would be collected. Resume it in "
                "Stripe.",
                now=now,
            )
