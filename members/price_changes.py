"""Moving who has an earlier version of a plan to another price: announced first, and never sooner than is lawful."""

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path

from django.db import IntegrityError, transaction

from common.claims import claim
from common.errors import Refused
from members import audit
from members.models import Membership, PlanVersion, PriceChange, PriceMove
from members.models.memberships import MembershipQuerySet


@dataclass(frozen=True)
class Notice:
    """Days between a member hearing of another price and the first payment of it (R96)."""

    at_least: int
    at_most: int
    told: int


@cache
def notice() -> Notice:
    """The legal table `members/legal/price_changes.json`."""
    table = json.loads(Path(__file__).with_name("legal").joinpath("price_changes.json").read_text(encoding="utf-8"))
    return Notice(table["at_least_days"], table["at_most_days"], table["told_days"])


def announce(*, version: PlanVersion, effective_on: date, today: date, actor: str, now: datetime) -> PriceChange:
    """Say that members of earlier versions pay this version's price from a day on; `today` is the practice's day.

    Members are told in time (the outreach floor), and who was told is moved with that payment (`price_moves`). Raises
    Refused for a day that is too near, a version without a price at Stripe, and one that moves nobody or is announced.
    """
    earliest = today + timedelta(days=notice().told + 1)
    if effective_on < earliest:
        raise Refused(
            f"Members must hear of it before. The earliest day is {earliest:%B} {earliest.day}.", code="too_soon"
        )
    if not version.stripe_price_id:
        raise Refused("This version has no price at Stripe yet: it cannot be charged.", code="no_price")
    if not affected(version).exists():
        raise Refused("Nobody has this plan at another price.", code="nobody")
    try:
        with transaction.atomic():
            change = PriceChange.objects.create(
                version=version, effective_on=effective_on, announced_at=now, announced_by=actor
            )
            _trace("announced", change, actor, now)
    except IntegrityError:  # one_open_change_a_version
        raise Refused("This is announced already. Take it back first to choose another day.", code="twice") from None
    return change


def withdraw(*, change: PriceChange, actor: str, now: datetime) -> bool:
    """Nobody more is told or moved; who is scheduled at Stripe is released there by the next round. False if it was
    withdrawn before."""
    with transaction.atomic():
        if not claim(PriceChange.objects.filter(pk=change.pk, withdrawn_at__isnull=True), withdrawn_at=now):
            return False
        PriceMove.objects.open().filter(change=change).update(next_look_at=now)
        _trace("withdrawn", change, actor, now)
    return True


def affected(version: PlanVersion) -> MembershipQuerySet:
    """Current memberships of the plan's earlier versions that pay another price for the same interval."""
    others = Membership.objects.current().filter(
        plan=version.plan_id, plan_version__interval=version.interval, plan_version__number__lt=version.number
    )
    return others.exclude(plan_version__price_cents=version.price_cents)


def _trace(act: str, change: PriceChange, actor: str, now: datetime) -> None:
    data = {"change": change.pk, "version": change.version_id, "effective_on": change.effective_on.isoformat()}
    audit.record(f"price_change.{act}", actor=actor, patient=None, now=now, data=data)
