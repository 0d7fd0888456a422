"""Members moved to an announced price: after the notice arrived, with a payment that lies in the lawful days (R96).

Stripe changes the price by itself at the end of the period; what it then charges is mirrored as any price is
(`billing_mirror`). Who leaves, pauses, owes or has asked for another plan meanwhile is not moved: they keep their
price, and are told anew of a later payment when they pay again. The present period's end is the only one that counts.
"""

import logging
from collections.abc import Collection
from datetime import date, datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Count

from common import clock
from common.claims import claim
from common.rounds import in_time
from members import audit, escalations, membership_mirror, price_changes, stripe_gateway
from members.models import Escalation, Membership, PlanVersion, PriceChange, PriceMove, Quote
from members.models.price_moves import PriceMoveQuerySet
from members.places import within
from members.stripe_gateway import StripeRefused, StripeUnavailable, SubscriptionFacts

log = logging.getLogger(__name__)
State, Status = PriceMove.State, Membership.Status
WAIT, SCHEDULE, RELEASE = "wait", "schedule", "release"
_LEASE = timedelta(minutes=10)
_NEXT_LOOK = timedelta(hours=6)
_TOO_NEAR = timedelta(hours=1)  # Stripe drafts the invoice at the end of the period: nothing is changed right before
_ROWS = PriceMove.objects.select_related(
    "change__version", "membership__patient", "membership__location", "membership__plan_version"
)


def told(*, change: PriceChange, membership: Membership, charged_from: date, told_at: datetime, now: datetime) -> bool:
    """The notice of this change has reached who pays. False when that is known already.

    A notice that came too late, or of what was taken back, is kept too: as missed, as withdrawn, and moves nobody.
    """
    state = _state_of_notice(change, membership, charged_from, told_at)
    try:
        with transaction.atomic():
            move, made = PriceMove.objects.get_or_create(
                change=change,
                membership=membership,
                charged_from=charged_from,
                defaults={
                    "told_at": told_at,
                    "state": state,
                    "next_look_at": now if state == State.TOLD else None,
                    "closed_at": None if state == State.TOLD else now,
                },
            )
            if made:
                _trace("told", move, now)
    except IntegrityError:  # one_move_a_change: an earlier notice of the change still holds
        return False
    return made


def follow_due(*, now: datetime, limit: int = 50) -> int:
    """Bring each move that is due for a look on by a step. Returns how many were looked at."""
    due = PriceMove.objects.open().filter(next_look_at__lte=now).order_by("next_look_at", "pk")
    seen = 0
    for pk in in_time(list(due.values_list("pk", flat=True)[:limit])):
        if not claim(PriceMove.objects.open().filter(pk=pk, next_look_at__lte=now), next_look_at=now + _LEASE):
            continue
        try:
            _follow(_ROWS.get(pk=pk), now)
        except StripeUnavailable:
            log.warning("a price move waits for Stripe", extra={"move": pk})  # until its lease is over
            continue
        seen += 1
    return seen


def come_true(membership: Membership, *, now: datetime) -> None:
    """Stripe charges another price: settle what was open about it. In the caller's transaction."""
    for move in _ROWS.open().filter(membership=membership):
        move.membership = membership
        outcome = step(move, now)
        if outcome in (State.MOVED, State.LEFT):
            _close(move, outcome, now)


def counts(change: PriceChange, places: Collection[int] | None) -> dict[str, int]:
    """How many notices of a change stand where, by state in the order of their life; `places` as `places.within`."""
    rows = here(change, places).order_by().values_list("state").annotate(count=Count("pk"))
    found = dict(rows)
    return {str(state): found[state] for state in State if state in found}


def here(change: PriceChange, places: Collection[int] | None) -> PriceMoveQuerySet:
    return within(PriceMove.objects.filter(change=change), places, "membership__location")


def step(move: PriceMove, now: datetime) -> str:
    """What is to be done: WAIT, SCHEDULE, RELEASE, or the state in which the move ends. Asks our own rows only."""
    membership, version = move.membership, move.change.version
    if membership.plan_version_id == version.pk:
        return State.MOVED
    if membership.status in Membership.ENDED or membership.plan_id != version.plan_id:
        return State.LEFT
    if membership.quotes.filter(state=Quote.State.ACCEPTED).exists():
        return WAIT  # an act of the member is under way at Stripe
    is_scheduled = membership.next_plan_version_id == version.pk
    if move.change.withdrawn_at:
        return RELEASE if is_scheduled else State.WITHDRAWN
    if is_scheduled:
        return State.SCHEDULED
    if now > move.told_at + timedelta(days=price_changes.notice().at_most):
        return State.MISSED
    is_free = membership.status == Status.ACTIVE and membership.next_plan_version_id is None
    return SCHEDULE if is_free and _may_be_charged(move, now) else WAIT


def _state_of_notice(change: PriceChange, membership: Membership, charged_from: date, told_at: datetime) -> str:
    if change.withdrawn_at:
        return State.WITHDRAWN
    days = charged_from - clock.local_date(told_at, membership.location.time_zone)
    lawful = price_changes.notice().at_least <= days.days <= price_changes.notice().at_most
    return State.TOLD if lawful else State.MISSED


def _may_be_charged(move: PriceMove, now: datetime) -> bool:
    """Whether the present period ends on the day that was told or later, with whole days of notice before it."""
    ends, rule = move.membership.current_period_end, price_changes.notice()
    if ends is None or not move.membership.stripe_subscription_id or ends <= now + _TOO_NEAR:
        return False
    day = clock.local_date(ends, move.membership.location.time_zone)
    if day < max(move.charged_from, move.change.effective_on):
        return False
    return timedelta(days=rule.at_least) <= ends - move.told_at <= timedelta(days=rule.at_most)


def _follow(move: PriceMove, now: datetime) -> None:
    found = step(move, now)
    try:
        if found == SCHEDULE:
            _schedule(move, now)
        elif found == RELEASE:
            _release(move, now)
        elif found in PriceMove.OPEN or found == WAIT:
            _look_later(move, State.SCHEDULED if found == State.SCHEDULED else State.TOLD, now)
        else:
            with transaction.atomic():
                _close(move, found, now)
    except StripeRefused as refused:
        _refused(move, str(refused), now)


def _schedule(move: PriceMove, now: datetime) -> None:
    """Stripe first, then our rows; what came between the look and the answer wins, and the schedule goes again."""
    subscription_id, key = str(move.membership.stripe_subscription_id), _key(move)
    facts = stripe_gateway.schedule_price(
        subscription_id=subscription_id, price_id=move.change.version.stripe_price_id, key=key
    )
    with transaction.atomic():
        PriceChange.objects.select_for_update().get(pk=move.change_id)
        membership = _mirrored(move, facts, now)
        move = _ROWS.get(pk=move.pk)
        PriceMove.objects.filter(pk=move.pk).update(times_scheduled=move.times_scheduled + 1)
        wanted = step(move, now) == SCHEDULE
        if wanted:
            membership.next_plan_version = move.change.version
            membership.save(update_fields=["next_plan_version"])
            _look_later(move, State.SCHEDULED, now)
            _trace("scheduled", move, now)
    if not wanted:
        _undo(subscription_id, planned=membership.next_plan_version, key=f"{key}:undone")


def _undo(subscription_id: str, *, planned: PlanVersion | None, key: str) -> None:
    if planned:  # the member's own choice came between: that counts
        stripe_gateway.schedule_price(subscription_id=subscription_id, price_id=planned.stripe_price_id, key=key)
    else:
        stripe_gateway.keep_price(subscription_id=subscription_id, key=key)


def _release(move: PriceMove, now: datetime) -> None:
    facts = stripe_gateway.keep_price(
        subscription_id=str(move.membership.stripe_subscription_id), key=f"{_key(move)}:release"
    )
    with transaction.atomic():
        membership = _mirrored(move, facts, now)
        if membership.next_plan_version_id == move.change.version_id:
            membership.next_plan_version = None
            membership.save(update_fields=["next_plan_version"])
        _close(move, State.WITHDRAWN, now)


def _mirrored(move: PriceMove, facts: SubscriptionFacts, now: datetime) -> Membership:
    """The membership, locked and brought to what Stripe answered, where that is no older than what it has."""
    rows = Membership.objects.select_for_update(of=("self",)).select_related("patient", "location", "plan_version")
    membership = rows.get(pk=move.membership_id)
    if membership.stripe_fetched_at is None or now >= membership.stripe_fetched_at:
        before = membership.status
        membership_mirror.follow(membership, facts, fetched_at=now, now=now)
        membership.save()
        membership_mirror.tell(membership, before=before, now=now)
    return membership


def _look_later(move: PriceMove, state: str, now: datetime) -> None:
    PriceMove.objects.open().filter(pk=move.pk).update(state=state, next_look_at=now + _NEXT_LOOK)


def _close(move: PriceMove, state: str, now: datetime) -> None:
    """In the caller's transaction; of two who close it, the first."""
    if claim(PriceMove.objects.open().filter(pk=move.pk), state=state, closed_at=now, next_look_at=None):
        _trace(str(state), move, now)


def _refused(move: PriceMove, why: str, now: datetime) -> None:
    wish = "taken back" if move.change.withdrawn_at else f"set to {move.change.version.price}"
    with transaction.atomic():
        _close(move, State.REFUSED, now)
        escalations.open(
            reason=Escalation.Reason.BILLING_SYNC,
            patient=move.membership.patient,
            summary=f"The announced price could not be {wish} at Stripe: {why} Look at the subscription in Stripe; the "
            f"patient was told of {move.charged_from:%B} {move.charged_from.day}.",
            now=now,
        )


def _key(move: PriceMove) -> str:
    return f"price-move:{move.pk}:{move.times_scheduled}"


def _trace(act: str, move: PriceMove, now: datetime) -> None:
    data = {
        "change": move.change_id,
        "membership": move.membership_id,
        "version": move.change.version_id,
        "charged_from": move.charged_from.isoformat(),
    }
    audit.record(f"price_move.{act}", actor="system", patient=move.membership.patient, now=now, data=data)
