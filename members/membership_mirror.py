"""A membership brought to what its subscription is at Stripe: by Stripe's events, and by our own acts."""

from datetime import datetime, timedelta

from members import audit, membership_changes
from members.models import Membership, PlanVersion
from members.stripe_gateway import SubscriptionFacts

Status = Membership.Status

_STATUS = {
    "active": Status.ACTIVE,
    "trialing": Status.ACTIVE,
    "past_due": Status.PAST_DUE,
    "unpaid": Status.PAST_DUE,
    "incomplete": Status.PENDING,
    "incomplete_expired": Status.CANCELLED,
    "canceled": Status.CANCELLED,
    "paused": Status.PAUSED,
}


def status_of(subscription: SubscriptionFacts, membership: Membership) -> Status:
    """The state that a Stripe subscription means for its membership. An end that is agreed on says more than a pause.

    To Stripe a reduced price is a price like any other: that it is a pause only the plan's version knows.
    """
    status = _STATUS.get(subscription.status, Status.PENDING)
    if status in (Status.ACTIVE, Status.PAST_DUE):
        if subscription.ends_at:
            return Status.CANCELLING
        if subscription.collection_paused:
            return Status.PAUSED
        if status == Status.ACTIVE and is_reduced(subscription, membership):
            return Status.PAUSED
    if status == Status.CANCELLED and subscription.ended_unpaid:
        return Status.LAPSED
    return status


def is_reduced(subscription: SubscriptionFacts, membership: Membership) -> bool:
    """Whether the reduced price is charged, or is agreed on and scheduled at Stripe (the price before or after it)."""
    reduced = membership.plan_version.stripe_freeze_price_id
    ends = membership.paused_until  # Stripe keeps the schedule a while after the full price is back
    before_the_end = ends is None or subscription.period_start < ends - timedelta(days=1)
    scheduled = membership.at_reduced_price and bool(subscription.schedule_id) and before_the_end
    return subscription.ended_at is None and (scheduled or bool(reduced and subscription.price_id == reduced))


def is_own_price(price_id: str, version: PlanVersion) -> bool:
    """Whether the version is charged so, frozen or not."""
    return price_id in (version.stripe_price_id, version.stripe_freeze_price_id)


def follow(membership: Membership, facts: SubscriptionFacts, *, fetched_at: datetime, now: datetime) -> None:
    """Copy what Stripe has; unsaved. The caller holds the row's lock and has seen that the answer is no older one."""
    before = membership.status
    membership.status = status_of(facts, membership)
    membership.at_reduced_price = is_reduced(facts, membership)
    if before == Status.LAPSED and membership.status == Status.CANCELLED:
        membership.status = Status.LAPSED  # the practice ended it unpaid; Stripe only knows that it was cancelled
    membership.stripe_fetched_at = fetched_at
    membership.current_period_start = facts.period_start
    membership.current_period_end = facts.period_end
    membership.ends_at = facts.ends_at
    if membership.status != Status.PAST_DUE:
        membership.past_due_since = None
    elif membership.past_due_since is None:
        membership.past_due_since = now
    if not facts.collection_paused and not membership.at_reduced_price:
        membership.paused_from = membership.paused_until = None
    elif membership.paused_from is None:  # paused at Stripe's Dashboard, not by us
        membership.paused_from, membership.paused_until = facts.period_end, facts.resumes_at
    if membership.status in Membership.ENDED:
        membership.ended_at = membership.ended_at or facts.ended_at or now
    if not facts.schedule_id:
        membership.next_plan_version = None


def tell(membership: Membership, *, before: str, now: datetime) -> None:
    """Audit row and fact of a status that Stripe moved; in the caller's transaction."""
    if before == membership.status:
        return
    audit.record(
        f"membership.{membership.status}",
        actor="stripe",
        patient=membership.patient,
        now=now,
        data={"membership": membership.pk, "from": before, "to": membership.status},
    )
    membership_changes.note_status(membership, before=before, now=now)


def sold_at(price_id: str, *, membership: Membership) -> PlanVersion | None:
    """The version that a Stripe price means: the one agreed on for later, else the newest that uses it."""
    planned = membership.next_plan_version
    if planned and planned.stripe_price_id == price_id:
        return planned
    sold = PlanVersion.objects.filter(stripe_price_id=price_id).exclude(stripe_price_id="")
    return sold.order_by("-effective_from", "-pk").first()
