"""Credits when a membership changes: carried over, topped up, ended with the plan; each by the rule of the version."""

from datetime import datetime
from typing import Any

from django.db import transaction

from common import clock
from members.credits import closing
from members.credits.lots import lots
from members.credits.opening import grant
from members.credits.writing import Kind, add, lock, open_lot
from members.models import Benefit, CreditEntry, Membership, PlanVersion

_ROWS = CreditEntry.objects.select_related("membership__patient", "benefit", "service")


def carry_over(*, ended: Membership, to: Membership, key: str, actor: str, now: datetime) -> int:
    """What may still be used of an ended membership moves to the one that takes its place. Returns how many lots."""
    moved = 0
    with transaction.atomic():
        for membership in sorted((ended, to), key=lambda each: each.pk):
            lock(membership)
        if CreditEntry.objects.filter(membership=to, key__startswith=f"{key}:carry:").exists():
            return 0
        for unit in CreditEntry.Unit:
            for held in lots(ended, at=now, unit=unit):
                lot = _ROWS.get(pk=held.entry_id)
                told: dict[str, Any] = {
                    "kind": Kind.TRANSFER,
                    "actor": actor,
                    "reason": "Carried over to the restart",
                    "now": now,
                }
                add(lot, quantity=-held.remaining, key=f"{key}:from:{lot.pk}", **told)
                open_lot(
                    membership=to, quantity=held.remaining, key=f"{key}:carry:{lot.pk}", service=lot.service,
                    benefit=lot.benefit, unit=lot.unit, expires_at=lot.expires_at, **told,
                )  # fmt: skip
                moved += 1
    return moved


def top_up(*, membership: Membership, before: PlanVersion, key: str, actor: str, now: datetime) -> None:
    """After an upgrade: what the new version grants more than the one before it, for the period that is paid."""
    had = {_what(benefit): benefit.quantity for benefit in _granting(before)}
    begins = membership.current_period_start or now
    for benefit in _granting(membership.plan_version):
        more = benefit.quantity - had.get(_what(benefit), 0)
        if more > 0:
            months = benefit.valid_months
            grant(
                membership=membership,
                service=benefit.only_service,
                benefit=benefit,
                quantity=more,
                key=f"{key}:benefit:{benefit.pk}",
                expires_at=clock.months_later(begins, months) if months else membership.current_period_end,
                actor=actor,
                reason=f"Upgrade to {membership.plan_version.plan.name}",
                now=now,
            )


def end_with_plan(*, membership: Membership, key: str, now: datetime) -> int:
    """After a downgrade whose plan keeps no credits: what is left ends. Returns how many lots."""
    closed = 0
    with transaction.atomic():
        lock(membership)
        for unit in CreditEntry.Unit:
            for held in lots(membership, at=now, unit=unit):
                if held.benefit is not None:  # a bonus was given whatever the plan
                    lot = _ROWS.get(pk=held.entry_id)
                    closing.close(lot, key=f"{key}:{lot.pk}", reason="Ended with the change of plan", now=now)
                    closed += 1
    return closed


def _granting(version: PlanVersion) -> list[Benefit]:
    return list(version.benefits.exclude(kind=Benefit.Kind.PERCENT).prefetch_related("services"))


def _what(benefit: Benefit) -> tuple[str, frozenset[int]]:
    """What makes two benefits of two plans the same: the services, or money."""
    return benefit.kind, frozenset(service.pk for service in benefit.services.all())
