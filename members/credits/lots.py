"""Reading the ledger: what a membership holds at a moment, now or in the past."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import DateTimeField, DurationField, ExpressionWrapper, F, IntegerField, Q, QuerySet, Sum, Value
from django.db.models.functions import Cast, Coalesce, Least

from members.models import Benefit, CreditEntry, Membership, Service

Unit = CreditEntry.Unit


@dataclass(frozen=True)
class Lot:
    """Granted together: `remaining` (credits, or cents of a wallet) are left until `expires_at` (None: for good)."""

    entry_id: int
    services: tuple[Service, ...]  # any of these; none where it is money
    remaining: int
    granted_at: datetime
    expires_at: datetime | None
    unit: str = Unit.CREDIT
    benefit: Benefit | None = None

    @property
    def label(self) -> str:
        """ "Facial", "Facial or Peel", "to spend"."""
        names = [service.name for service in self.services]
        return " or ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names) or "to spend"

    @property
    def amount(self) -> str:
        """ "2", "$40.00"."""
        return CreditEntry.readable(self.remaining, self.unit)

    def covers(self, service: Service) -> bool:
        return service in self.services


def lots(membership: Membership, *, at: datetime, unit: str = Unit.CREDIT) -> list[Lot]:
    """Live lots with something left at that moment, the one that expires first in front.

    Of two that expire together the one for fewer services comes first, so that the choice stays wide.
    """
    entries = list(
        with_end(opened().filter(membership=membership, unit=unit, occurred_at__lte=at))
        .filter(Q(end__isnull=True) | Q(end__gt=at))
        .annotate(used=Coalesce(Sum("uses__quantity", filter=Q(uses__occurred_at__lte=at)), 0))
        .filter(quantity__gt=-F("used"))
        .select_related("service", "benefit__version")
    )
    choices = _services_of({entry.benefit_id for entry in entries if entry.service_id is None})
    found = [
        Lot(
            entry_id=entry.pk,
            services=(entry.service,) if entry.service else choices.get(entry.benefit_id, ()),
            remaining=entry.quantity + entry.used,
            granted_at=entry.occurred_at,
            expires_at=entry.end,
            unit=entry.unit,
            benefit=entry.benefit,
        )
        for entry in entries
    ]
    return sorted(found, key=_by_end)


def balance(membership: Membership, *, at: datetime, service: Service | None = None) -> int:
    """Credits that have not ended at that moment; of one service those that may be used for it."""
    return sum(lot.remaining for lot in lots(membership, at=at) if service is None or lot.covers(service))


def wallet(membership: Membership, *, at: datetime) -> int:
    """Cents to spend at that moment."""
    return sum(lot.remaining for lot in lots(membership, at=at, unit=Unit.CENTS))


def opened() -> QuerySet[CreditEntry]:
    """The entries that open lots."""
    return CreditEntry.objects.filter(lot__isnull=True)


def with_end(rows: QuerySet[CreditEntry]) -> QuerySet[Any]:
    """`rows` with `end`: the lot's own end, or earlier when the membership ended and its days of grace are over.

    A bonus has no benefit and keeps its own date.
    """
    rule = Coalesce("benefit__usable_after_cancel_days", "benefit__version__usable_after_cancel_days")
    days = Cast(rule, IntegerField())  # SQLite multiplies no small integers
    grace = ExpressionWrapper(
        days * Value(timedelta(days=1), output_field=DurationField()), output_field=DurationField()
    )
    after = ExpressionWrapper(F("membership__ended_at") + grace, output_field=DateTimeField())
    # LEAST is NULL on SQLite as soon as one part is, but not on PostgreSQL: spelled out for both.
    return rows.annotate(end=Coalesce(Least("expires_at", after), "expires_at", after))


def _services_of(benefit_ids: Iterable[int | None]) -> dict[int | None, tuple[Service, ...]]:
    wanted = [pk for pk in benefit_ids if pk is not None]
    if not wanted:
        return {}
    benefits = Benefit.objects.filter(pk__in=wanted).prefetch_related("services")
    return {benefit.pk: tuple(benefit.services.all()) for benefit in benefits}


def _by_end(lot: Lot) -> tuple[bool, float, int, datetime, int]:
    ends = lot.expires_at.timestamp() if lot.expires_at else 0.0
    return (lot.expires_at is None, ends, len(lot.services), lot.granted_at, lot.entry_id)
