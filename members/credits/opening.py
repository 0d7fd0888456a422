"""Opening lots: a grant, the grants of a paid period, a bonus with a real end."""

from datetime import datetime

from django.db import transaction

from common import clock
from common.errors import Refused
from members.credits import closing
from members.credits.writing import Kind, lock, open_lot
from members.models import Benefit, CreditEntry, Invoice, Membership, Service


def grant(
    *,
    membership: Membership,
    quantity: int,
    key: str,
    expires_at: datetime | None,
    actor: str,
    reason: str,
    now: datetime,
    service: Service | None = None,
    benefit: Benefit | None = None,
    invoice_id: str = "",
    kind: Kind = Kind.GRANT,
) -> CreditEntry:
    """Open a lot: credits for `service`, or what a benefit grants (cents where it is a wallet).

    A key that was used before returns its entry and grants nothing. Raises Refused for quantity < 1.
    """
    if quantity < 1:
        raise Refused("A grant adds at least one credit.", code="bad_quantity")
    with transaction.atomic():
        lock(membership)
        if earlier := CreditEntry.objects.filter(key=key).first():
            return earlier
        is_money = benefit is not None and benefit.kind == Benefit.Kind.WALLET
        return open_lot(
            membership=membership,
            service=service,
            benefit=benefit,
            unit=CreditEntry.Unit.CENTS if is_money else CreditEntry.Unit.CREDIT,
            kind=kind,
            quantity=quantity,
            key=key,
            expires_at=expires_at,
            invoice_id=invoice_id,
            actor=actor,
            reason=reason,
            now=now,
        )


def bonus(
    *,
    membership: Membership,
    service: Service,
    quantity: int,
    expires_at: datetime,
    key: str,
    actor: str,
    reason: str,
    now: datetime,
) -> CreditEntry:
    """A gift on top of the plan. It has a real end, so that "use it by" is true when we say so (R102)."""
    if expires_at <= now:
        raise Refused("A bonus needs an end that is still to come.", code="bad_end")
    return grant(
        membership=membership,
        service=service,
        quantity=quantity,
        key=key,
        expires_at=expires_at,
        actor=actor,
        reason=reason,
        now=now,
        kind=Kind.BONUS,
    )


def grant_period(
    *, membership: Membership, invoice: Invoice, period: tuple[datetime, datetime], now: datetime
) -> list[CreditEntry]:
    """What the version that the member holds grants for a paid period (its start and end), once an invoice.

    What is over a benefit's rollover cap ends at the moment in which the new period's grant comes.
    """
    begins, ends = period
    granting = membership.plan_version.benefits.exclude(kind=Benefit.Kind.PERCENT).prefetch_related("services")
    opened = []
    for benefit in granting:
        key = f"invoice:{invoice.stripe_id}:benefit:{benefit.pk}"
        with transaction.atomic():
            lock(membership)
            if not CreditEntry.objects.filter(key=key).exists():
                closing.cut_to_cap(membership, benefit, cause=key, now=now)
            opened.append(
                grant(
                    membership=membership,
                    service=benefit.only_service,
                    benefit=benefit,
                    quantity=benefit.quantity,
                    key=key,
                    expires_at=clock.months_later(begins, benefit.valid_months) if benefit.valid_months else ends,
                    actor="stripe",
                    reason=f"Paid period, {membership.plan.name}",
                    now=now,
                    invoice_id=invoice.stripe_id,
                )
            )
    return opened
