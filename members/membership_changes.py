"""The rows by which floors above learn what happened to a membership. Each happening is written once, by its key."""

from datetime import datetime

from members import credits
from members.models import Membership, MembershipChange, PlanVersion, Quote

Kind, Status = MembershipChange.Kind, Membership.Status


def note(
    kind: str,
    *,
    membership: Membership,
    key: str,
    now: datetime,
    quote: Quote | None = None,
    data: dict[str, object] | None = None,
) -> MembershipChange:
    """In the caller's transaction, beside the change itself. A second call with the key returns the first row."""
    row, _ = MembershipChange.objects.get_or_create(
        key=key,
        defaults={"membership": membership, "kind": kind, "quote": quote, "occurred_at": now, "data": data or {}},
    )
    return row


def note_status(membership: Membership, *, before: str, now: datetime) -> None:
    """What Stripe did by itself: ended a subscription, or took up collecting when a pause was over."""
    if membership.quotes.filter(state=Quote.State.ACCEPTED).exists():
        return  # our own act, whose end writes the row with its quote
    if membership.status in (Status.CANCELLED, Status.LAPSED) and before not in (*Membership.ENDED, Status.PENDING):
        kind = Kind.ENDED if membership.status == Status.CANCELLED else Kind.LAPSED
        note(kind, membership=membership, key=f"ended:{membership.pk}", now=now)
    elif before == Status.PAUSED and membership.status == Status.ACTIVE:
        note(Kind.RESUMED, membership=membership, key=f"resumed:{membership.pk}:{now.date()}", now=now)


def note_plan(membership: Membership, *, before: PlanVersion, now: datetime) -> None:
    """Stripe charges another plan's price: a planned change came true, or somebody changed it there."""
    if membership.quotes.filter(state=Quote.State.ACCEPTED).exists():
        return
    other_plan = before.plan_id != membership.plan_version.plan_id  # a lower price of the same plan takes nothing away
    if other_plan and not before.credits_kept_on_downgrade and membership.plan_version.price_cents < before.price_cents:
        credits.end_with_plan(membership=membership, key=f"plan:{before.pk}:{membership.plan_version_id}", now=now)
    data: dict[str, object] = {"from": before.pk, "to": membership.plan_version_id}
    key = f"plan:{membership.pk}:{before.pk}:{membership.plan_version_id}:{now.date()}"
    note(Kind.PLAN_CHANGED, membership=membership, key=key, now=now, data=data)
