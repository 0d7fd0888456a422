"""Taking from lots: a use, money spent from a wallet, credits handed to somebody of the household."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from common import money
from common.errors import Refused
from members.credits import usage
from members.credits.lots import Lot, lots
from members.credits.writing import Kind, add, lock, open_lot
from members.models import CreditEntry, Membership, Patient, Service, Visit

Unit = CreditEntry.Unit
LATE = "late:"  # begins the keys of entries that give back what had ended


def spend(
    *,
    membership: Membership,
    service: Service,
    key: str,
    actor: str,
    reason: str,
    now: datetime,
    quantity: int = 1,
    visit: Visit | None = None,
    used_by: Patient | None = None,
    as_guest: bool = False,
    used_at: datetime | None = None,
) -> list[CreditEntry]:
    """Take credits from the lots that expire first. Raises Refused when fewer may be used; then nothing is taken.

    `used_by` is set where it is not the member: somebody of the household, or with `as_guest` anybody on a guest pass.
    `used_at` is set where we hear of it late: then a lot counts that lived at that moment, also if it ended since.
    """
    if quantity < 1:
        raise Refused("Use at least one credit.", code="bad_quantity")
    with transaction.atomic():
        lock(membership)
        if earlier := _earlier(key):
            return earlier
        found = [lot for lot in _held(membership, used_at=used_at, now=now) if lot.covers(service)]
        usable = _usable(found, membership, service, used_by, as_guest, now)
        if sum(lot.remaining for lot in usable) < quantity:
            raise Refused(f"There is no {service} credit left to use.", code="no_credit")
        fields = {"service": service, "visit": visit, "used_by": used_by, "as_guest": as_guest}
        return _take(usable, quantity, key=key, actor=actor, reason=reason, now=now, **fields)


def spend_money(
    *, membership: Membership, cents: int, key: str, actor: str, reason: str, now: datetime
) -> list[CreditEntry]:
    """Take cents from the wallet, what expires first in front. Raises Refused when there are fewer."""
    if cents < 1:
        raise Refused("Use at least one cent.", code="bad_quantity")
    with transaction.atomic():
        lock(membership)
        if earlier := _earlier(key):
            return earlier
        found = lots(membership, at=now, unit=Unit.CENTS)
        usable = _allowed(found, membership)
        left = sum(lot.remaining for lot in usable)
        if left < cents:
            raise Refused(f"The wallet holds {money.readable(left)}.", code="no_money")
        return _take(usable, cents, key=key, actor=actor, reason=reason, now=now)


def transfer(
    *, lot: CreditEntry, quantity: int, to: Membership, key: str, actor: str, reason: str, now: datetime
) -> CreditEntry:
    """Hand credits of a shareable lot to a member of the same household; they keep their end. Returns the new lot."""
    giver = lot.membership
    if quantity < 1 or giver.pk == to.pk:
        raise Refused("Choose how many credits, and another member of the household.", code="bad_transfer")
    with transaction.atomic():
        # In key order, so that two people who give to each other do not wait for each other.
        for membership in sorted((giver, to), key=lambda each: each.pk):
            lock(membership)
        if earlier := CreditEntry.objects.filter(key=key).first():
            return earlier
        held = next((each for each in lots(giver, at=now, unit=lot.unit) if each.entry_id == lot.pk), None)
        if held is None or held.remaining < quantity:
            raise Refused("These credits are used or have ended.", code="no_credit")
        if not usage.may_share(held, giver, to.patient):
            raise Refused("Only benefits that the plan lets a household share can be handed over.", code="not_shared")
        fields: dict[str, Any] = {"kind": Kind.TRANSFER, "actor": actor, "reason": reason, "now": now}
        add(lot, quantity=-quantity, key=f"{key}:from", used_by=to.patient, **fields)
        kept: dict[str, Any] = {
            "service": lot.service,
            "benefit": lot.benefit,
            "unit": lot.unit,
            "expires_at": held.expires_at,
        }
        return open_lot(membership=to, quantity=quantity, key=key, **kept, **fields)


def _usable(
    found: list[Lot], membership: Membership, service: Service, used_by: Patient | None, as_guest: bool, now: datetime
) -> list[Lot]:
    """The lots that this person may use. Raises Refused where a rule of the plan stands against all of them."""
    allowed = _allowed(found, membership)
    if as_guest:
        passes = {lot.entry_id: usage.guest_passes_left(lot, membership, at=now) for lot in allowed}
        with_pass = [lot for lot in allowed if passes[lot.entry_id]]
        if allowed and not with_pass:
            raise Refused(f"There is no guest pass for {service} left this year.", code="no_guest_pass")
        return with_pass
    if used_by is not None and used_by.pk != membership.patient_id:
        shared = [lot for lot in allowed if usage.may_share(lot, membership, used_by)]
        if allowed and not shared:
            raise Refused(f"{service} credits of this plan cannot be shared with this person.", code="not_shared")
        return shared
    return allowed


def _allowed(found: list[Lot], membership: Membership) -> list[Lot]:
    reasons = {lot.entry_id: usage.why_not(lot, membership) for lot in found}
    allowed = [lot for lot in found if not reasons[lot.entry_id]]
    if found and not allowed:
        raise Refused(reasons[found[0].entry_id], code="not_usable_now")
    return allowed


def _held(membership: Membership, *, used_at: datetime | None, now: datetime) -> list[Lot]:
    """What is left of the lots that lived at `used_at`, with what ended since."""
    if used_at is None or used_at >= now:
        return lots(membership, at=now)
    lived = lots(membership, at=used_at)
    ended = Q(uses__kind=Kind.EXPIRE, uses__occurred_at__gt=used_at) | Q(uses__key__startswith=LATE)
    rows: QuerySet[Any] = CreditEntry.objects.filter(pk__in=[lot.entry_id for lot in lived]).annotate(
        now_left=F("quantity") + Coalesce(Sum("uses__quantity"), 0),
        since_ended=-Coalesce(Sum("uses__quantity", filter=ended), 0),
    )
    left = {row.pk: row.now_left + row.since_ended for row in rows}
    return [replace(lot, remaining=left[lot.entry_id]) for lot in lived if left[lot.entry_id] > 0]


def _earlier(key: str) -> list[CreditEntry]:
    return list(CreditEntry.objects.filter(Q(key=key) | Q(key__startswith=f"{key}:lot:")))


def _take(usable: Iterable[Lot], quantity: int, *, key: str, **fields: Any) -> list[CreditEntry]:
    """One entry a lot, the lot that expires first in front, until `quantity` is taken."""
    taken: list[CreditEntry] = []
    rows = CreditEntry.objects.select_related("membership__patient", "benefit", "service")
    for lot in usable:
        amount = min(lot.remaining, quantity + sum(entry.quantity for entry in taken))
        if amount == 0:
            break
        row = rows.get(pk=lot.entry_id)
        _reopen(row, amount, key=key, now=fields["now"])
        taken.append(add(row, kind=Kind.SPEND, quantity=-amount, key=f"{key}:lot:{lot.entry_id}", **fields))
    return taken


def _reopen(lot: CreditEntry, amount: int, *, key: str, now: datetime) -> None:
    """Give back what ended since, as far as a use that we hear of late needs it."""
    missing = amount - (lot.uses.order_by("-number").first() or lot).left
    if missing > 0:
        told = {"key": f"{LATE}{key}:{lot.pk}", "actor": "system", "reason": "Used in time, heard of later"}
        add(lot, kind=Kind.REVERSE, quantity=missing, now=now, **told)
