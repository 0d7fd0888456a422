"""The end of grace: what the plan says happens to a membership that stays unpaid. Never silently (settled.md, 14)."""

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from common.rounds import in_time
from members import audit, membership_changes, membership_mirror, stripe_gateway
from members.models import Membership, MembershipChange, PlanVersion
from members.stripe_gateway import StripeRefused, StripeUnavailable, SubscriptionFacts

log = logging.getLogger(__name__)
Status, Kind = Membership.Status, MembershipChange.Kind


def end_graces(*, now: datetime, limit: int = 100) -> int:
    """Pause or end what is past due for longer than its plan's grace. Returns how many."""
    done = 0
    for membership in in_time(list(_over(now).select_related("plan_version")[:limit])):
        try:
            facts = _at_stripe(membership)
        except (StripeUnavailable, StripeRefused):
            log.exception("the end of grace could not be made", extra={"membership": membership.pk})
            continue
        done += _settle(membership.pk, facts, now)
    return done


def _over(now: datetime) -> QuerySet[Membership]:
    over = Q(pk__in=[])
    for days in PlanVersion.objects.order_by().values_list("grace_days", flat=True).distinct():
        over |= Q(plan_version__grace_days=days, past_due_since__lte=now - timedelta(days=days))
    return Membership.objects.past_due().filter(over, stripe_subscription_id__isnull=False).order_by("pk")


def _at_stripe(membership: Membership) -> SubscriptionFacts:
    subscription_id, since = str(membership.stripe_subscription_id), membership.past_due_since
    key = f"grace:{membership.pk}:{since:%Y%m%d%H%M}"
    live = stripe_gateway.fetch_subscription(subscription_id)
    if live.status not in ("past_due", "unpaid"):
        return live  # settled a moment ago
    if membership.plan_version.after_grace == PlanVersion.AfterGrace.PAUSE:
        return stripe_gateway.pause(subscription_id=subscription_id, resumes_at=None, key=key)
    return stripe_gateway.cancel_now(subscription_id=subscription_id, key=key)


def _settle(pk: int, facts: SubscriptionFacts, now: datetime) -> bool:
    with transaction.atomic():
        rows = Membership.objects.select_for_update(of=("self",)).select_related("patient", "location", "plan_version")
        membership = rows.get(pk=pk)
        if membership.status != Status.PAST_DUE:
            return False
        since = membership.past_due_since
        membership_mirror.follow(membership, facts, fetched_at=now, now=now)
        if membership.status == Status.CANCELLED:
            membership.status = Status.LAPSED
        membership.save()
        if membership.status not in (Status.PAUSED, Status.LAPSED):  # it was settled a moment ago
            membership_mirror.tell(membership, before=Status.PAST_DUE, now=now)
            return False
        kind = Kind.PAUSED if membership.status == Status.PAUSED else Kind.LAPSED
        data = {"membership": pk, "from": Status.PAST_DUE, "to": membership.status, "rule": "grace"}
        audit.record(f"membership.{kind}", actor="system", patient=membership.patient, now=now, data=data)
        key = f"ended:{pk}" if kind == Kind.LAPSED else f"grace:{pk}:{since:%Y%m%d%H%M}"
        membership_changes.note(kind, membership=membership, key=key, now=now, data={"rule": "grace"})
    return True
