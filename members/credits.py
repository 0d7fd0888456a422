"""The credit ledger: append-only lots. Balance = what live lots still hold; it never falls below zero.

Every entry has a unique key, so a replay (an invoice delivered twice, a visit synced again) changes nothing.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, Q, Sum
from django.db.models.functions import Coalesce

from common import clock
from common.errors import Refused
from members import audit
from members.models import CreditEntry, Invoice, Membership, Service, Visit

Kind = CreditEntry.Kind


@dataclass(frozen=True)
class Lot:
    """Credits granted together: `remaining` of them are left until `expires_at` (None: for good)."""

    entry_id: int
    service: Service
    remaining: int
    granted_at: datetime
    expires_at: datetime | None


def lots(membership: Membership, *, at: datetime) -> list[Lot]:
    """Live lots with something left at that moment, the one that expires first in front."""
    entries = (
        CreditEntry.objects.filter(membership=membership, kind=Kind.GRANT, occurred_at__lte=at)
        .filter(Q(expires_at__isnull=True) | Q(expires_at__gt=at))
        .annotate(used=Coalesce(Sum("uses__quantity", filter=Q(uses__occurred_at__lte=at)), 0))
        .filter(quantity__gt=-F("used"))
        .select_related("service")
        .order_by(F("expires_at").asc(nulls_last=True), "occurred_at", "pk")
    )
    return [
        Lot(entry.pk, entry.service, entry.quantity + entry.used, entry.occurred_at, entry.expires_at)
        for entry in entries
    ]


def balance(membership: Membership, *, at: datetime, service: Service | None = None) -> int:
    """Credits that can be used at that moment."""
    return sum(lot.remaining for lot in lots(membership, at=at) if service is None or lot.service == service)


def grant(
    *,
    membership: Membership,
    service: Service,
    quantity: int,
    key: str,
    expires_at: datetime | None,
    actor: str,
    reason: str,
    now: datetime,
    invoice_id: str = "",
) -> CreditEntry:
    """Open a lot. A key that was used before returns its entry and grants nothing. Raises Refused for quantity < 1."""
    if quantity < 1:
        raise Refused("A grant adds at least one credit.", code="bad_quantity")
    with transaction.atomic():
        _lock(membership)
        if earlier := CreditEntry.objects.filter(key=key).first():
            return earlier
        entry = CreditEntry.objects.create(
            membership=membership,
            service=service,
            kind=Kind.GRANT,
            quantity=quantity,
            key=key,
            expires_at=expires_at,
            occurred_at=now,
            invoice_id=invoice_id,
            actor=actor,
            reason=reason,
        )
        _settle("granted", entry, now)
    return entry


def grant_period(
    *, membership: Membership, invoice: Invoice, period: tuple[datetime, datetime], now: datetime
) -> list[CreditEntry]:
    """What the membership's version grants for a paid period (its start and end), once an invoice."""
    begins, ends = period
    return [
        grant(
            membership=membership,
            service=benefit.services.all()[0],
            quantity=benefit.quantity,
            key=f"invoice:{invoice.stripe_id}:benefit:{benefit.pk}",
            expires_at=clock.months_later(begins, benefit.valid_months) if benefit.valid_months else ends,
            actor="stripe",
            reason=f"Paid period, {membership.plan.name}",
            now=now,
            invoice_id=invoice.stripe_id,
        )
        for benefit in membership.plan_version.benefits.filter(kind="credit").prefetch_related("services")
    ]


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
) -> list[CreditEntry]:
    """Take credits from the lots that expire first. Raises Refused when fewer are left; then nothing is taken."""
    if quantity < 1:
        raise Refused("Use at least one credit.", code="bad_quantity")
    with transaction.atomic():
        _lock(membership)
        if earlier := list(CreditEntry.objects.filter(Q(key=key) | Q(key__startswith=f"{key}:lot:"))):
            return earlier
        open_lots = [lot for lot in lots(membership, at=now) if lot.service == service]
        if sum(lot.remaining for lot in open_lots) < quantity:
            raise Refused(f"There is no {service} credit left to use.", code="no_credit")
        return _take(
            open_lots, quantity, membership=membership, key=key, actor=actor, reason=reason, now=now, visit=visit
        )


def reverse(*, entry: CreditEntry, key: str, actor: str, reason: str, now: datetime) -> CreditEntry:
    """Give back what an entry took. An entry can be reversed once; a second call returns the first reversal."""
    if entry.kind not in (Kind.SPEND, Kind.EXPIRE):
        raise Refused("Only a use or an expiry can be reversed.", code="not_reversible")
    key = f"reverse:{entry.pk}:{key}"
    with transaction.atomic():
        _lock(entry.membership)
        if earlier := CreditEntry.objects.filter(key__startswith=f"reverse:{entry.pk}:").first():
            return earlier
        back = CreditEntry.objects.create(
            membership=entry.membership,
            service=entry.service,
            kind=Kind.REVERSE,
            quantity=-entry.quantity,
            lot=entry.lot,
            key=key,
            occurred_at=now,
            visit=entry.visit,
            actor=actor,
            reason=reason,
        )
        _settle("reversed", back, now)
    return back


def expire_due(*, now: datetime, limit: int = 500) -> int:
    """Write the expiry of lots whose end has passed with something left. Returns how many lots were closed."""
    ended = (
        CreditEntry.objects.filter(kind=Kind.GRANT, expires_at__lte=now)
        .annotate(used=Coalesce(Sum("uses__quantity"), 0))
        .filter(quantity__gt=-F("used"))
        .select_related("membership", "service")
        .order_by("expires_at", "pk")[:limit]
    )
    closed = 0
    for lot in ended:
        with transaction.atomic():
            _lock(lot.membership)
            used = lot.uses.aggregate(total=Coalesce(Sum("quantity"), 0))["total"]
            if lot.quantity + used <= 0:
                continue  # used or closed between the question and the lock
            entry = CreditEntry.objects.create(
                membership=lot.membership,
                service=lot.service,
                kind=Kind.EXPIRE,
                quantity=-(lot.quantity + used),
                lot=lot,
                key=f"expire:{lot.pk}:{lot.uses.filter(kind=Kind.EXPIRE).count()}",
                occurred_at=lot.expires_at or now,
                actor="system",
                reason="Not used in time",
            )
            _settle("expired", entry, now)
            closed += 1
    return closed


def _take(open_lots: list[Lot], quantity: int, *, key: str, now: datetime, **fields: Any) -> list[CreditEntry]:
    """One entry a lot, the lot that expires first in front, until `quantity` is taken."""
    taken: list[CreditEntry] = []
    for lot in open_lots:
        amount = min(lot.remaining, quantity - sum(-entry.quantity for entry in taken))
        if amount == 0:
            break
        entry = CreditEntry.objects.create(
            service=lot.service,
            kind=Kind.SPEND,
            quantity=-amount,
            lot_id=lot.entry_id,
            key=f"{key}:lot:{lot.entry_id}",
            occurred_at=now,
            **fields,
        )
        taken.append(entry)
        _settle("spent", entry, now)
    return taken


def _lock(membership: Membership) -> None:
    """Lock the row that all spending of one member goes through: two workers cannot take the same credit."""
    Membership.objects.select_for_update().get(pk=membership.pk)


def _settle(act: str, entry: CreditEntry, now: datetime) -> None:
    """Bring the denormalised column up to date and leave a trace, in the caller's transaction."""
    left = balance(entry.membership, at=now)
    Membership.objects.filter(pk=entry.membership_id).update(credits_remaining=left)
    entry.membership.credits_remaining = left
    data = {"entry": entry.pk, "service": entry.service_id, "quantity": entry.quantity, "balance": left}
    audit.record(f"credit.{act}", actor=entry.actor, patient=entry.membership.patient, now=now, data=data)
