"""Closing lots: what was not used in time, what is over the rollover cap."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from members.credits.lots import lots, opened, with_end
from members.credits.writing import Kind, add, lock
from members.models import Benefit, CreditEntry, Membership


def expire_due(*, now: datetime, limit: int = 500) -> int:
    """Write the expiry of lots whose end has passed with something left. Returns how many lots were closed.

    Looks only at lots that hold something (`HeldLot`): years of closed ones cost nothing.
    """
    ended = (
        with_end(opened().filter(Q(expires_at__lte=now) | Q(membership__ended_at__lte=now), held__isnull=False))
        .filter(end__lte=now)
        .select_related("membership__patient", "service", "benefit")
        .order_by("end", "pk")[:limit]
    )
    closed = 0
    for lot in ended:
        with transaction.atomic():
            lock(lot.membership)
            closed += close(lot, key=f"expire:{lot.pk}", reason="Not used in time", now=now) is not None
    return closed


def cut_to_cap(membership: Membership, benefit: Benefit, *, cause: str, now: datetime) -> None:
    """End what is over the benefit's rollover cap, what would end first in front; the caller holds the lock."""
    if benefit.rollover_cap is None:
        return
    carried = [
        lot
        for unit in CreditEntry.Unit
        for lot in lots(membership, at=now, unit=unit)
        if lot.benefit and lot.benefit.code == benefit.code and lot.benefit.version.plan_id == benefit.version.plan_id
    ]
    over = sum(lot.remaining for lot in carried) - benefit.rollover_cap
    for lot in carried:
        if over <= 0:
            break
        cut = min(over, lot.remaining)
        row = CreditEntry.objects.select_related("membership__patient").get(pk=lot.entry_id)
        reason = "Over the most that rolls over"
        add(row, kind=Kind.EXPIRE, quantity=-cut, key=f"{cause}:cap:{row.pk}", actor="system", reason=reason, now=now)
        over -= cut


def close(lot: CreditEntry, *, key: str, reason: str, now: datetime) -> CreditEntry | None:
    """Take what is left; None when nothing is (used or closed between the question and the lock)."""
    last = lot.uses.order_by("-number").first() or lot
    if last.left <= 0:
        return None
    return add(
        lot,
        kind=Kind.EXPIRE,
        quantity=-last.left,
        key=f"{key}:{last.number + 1}",
        actor="system",
        reason=reason,
        now=now,
    )
