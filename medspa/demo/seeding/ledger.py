"""Rows of visits and of the credit ledger, as the verbs of `members.credits` would have written them."""

from datetime import datetime

from medspa.demo.seeding.lives import Life, Lot, PlannedVisit
from medspa.demo.seeding.timelines import SHOPS_AFTER
from members.models import AuditEntry, CreditEntry, Visit

Kind = CreditEntry.Kind


def save(lives: list[Life], now: datetime) -> None:
    planned = [(life, visit) for life in lives for visit in life.visits]
    rows = Visit.objects.bulk_create(
        (_visit(number, life, visit) for number, (life, visit) in enumerate(planned, start=1)), batch_size=500
    )
    visits = {id(visit): row for (_, visit), row in zip(planned, rows, strict=True)}

    lots = sorted(((lot.granted_at, life, lot) for life in lives for lot in life.lots), key=lambda item: item[0])
    grants = CreditEntry.objects.bulk_create((_grant(life, lot) for _, life, lot in lots), batch_size=500)
    uses = [
        use
        for (_, life, lot), grant in zip(lots, grants, strict=True)
        for use in [*_spends(life, lot, grant, visits), *_purchase(life, lot, grant), *_expiry(life, lot, grant)]
    ]
    uses.sort(key=lambda entry: entry.occurred_at)
    CreditEntry.objects.bulk_create(uses, batch_size=500)
    _trail(lives, [*grants, *uses])


def _visit(number: int, life: Life, visit: PlannedVisit) -> Visit:
    return Visit(
        external_id=f"vis-{number:06d}",
        patient=life.patient,
        service=visit.service,
        location=life.location,
        provider=visit.provider,
        starts_at=visit.starts_at,
        ends_at=visit.ends_at,
        status=visit.status,
        booked_at=visit.booked_at,
    )


def _grant(life: Life, lot: Lot) -> CreditEntry:
    invoice_id = life.invoice_id(lot.period)
    return CreditEntry(
        membership=life.membership,
        service=lot.only_service,
        benefit=lot.benefit,
        unit=_unit(lot),
        kind=Kind.GRANT,
        quantity=lot.quantity,
        left=lot.quantity,
        key=f"invoice:{invoice_id}:benefit:{lot.benefit.pk}",
        expires_at=lot.expires_at,
        occurred_at=lot.granted_at,
        invoice_id=invoice_id,
        actor="stripe",
        reason=f"Paid period, {life.plan.name}",
    )


def _spends(life: Life, lot: Lot, grant: CreditEntry, visits: dict[int, Visit]) -> list[CreditEntry]:
    return [
        CreditEntry(
            membership=life.membership,
            service=visit.service,
            benefit=lot.benefit,
            kind=Kind.SPEND,
            quantity=-1,
            lot=grant,
            number=number,
            left=lot.quantity - number,
            key=f"visit:{visits[id(visit)].pk}",
            occurred_at=visit.ends_at,
            visit=visits[id(visit)],
            actor="system",
            reason=f"Visit, {visit.service.name}",
        )
        for number, visit in enumerate(lot.spent, start=1)
    ]


def _purchase(life: Life, lot: Lot, grant: CreditEntry) -> list[CreditEntry]:
    if not lot.paid_out:
        return []
    return [
        CreditEntry(
            membership=life.membership,
            benefit=lot.benefit,
            unit=_unit(lot),
            kind=Kind.SPEND,
            quantity=-lot.paid_out,
            lot=grant,
            number=1,
            left=lot.quantity - lot.paid_out,
            key=f"demo:{grant.pk}:purchase",
            occurred_at=lot.granted_at + SHOPS_AFTER,
            actor="system",
            reason="Home care from the shelf",
        )
    ]


def _unit(lot: Lot) -> str:
    return CreditEntry.Unit.CENTS if lot.is_money else CreditEntry.Unit.CREDIT


def _uses(lot: Lot) -> int:
    return len(lot.spent) + bool(lot.paid_out)


def _expiry(life: Life, lot: Lot, grant: CreditEntry) -> list[CreditEntry]:
    if not lot.expired or lot.expired_at is None:
        return []
    return [
        CreditEntry(
            membership=life.membership,
            service=lot.only_service,
            benefit=lot.benefit,
            unit=_unit(lot),
            kind=Kind.EXPIRE,
            quantity=-lot.expired,
            lot=grant,
            number=_uses(lot) + 1,
            left=0,
            key=f"expire:{grant.pk}:{_uses(lot) + 1}",
            occurred_at=lot.expired_at,
            actor="system",
            reason="Not used in time",
        )
    ]


def _trail(lives: list[Life], entries: list[CreditEntry]) -> None:
    patients = {life.membership.pk: life.patient for life in lives if life.membership}
    acts = {Kind.GRANT: "granted", Kind.SPEND: "spent", Kind.EXPIRE: "expired"}
    balances: dict[int, int] = {}
    trail = []
    for entry in sorted(entries, key=lambda each: each.occurred_at):
        moved = entry.quantity if entry.unit == CreditEntry.Unit.CREDIT else 0
        left = balances[entry.membership_id] = balances.get(entry.membership_id, 0) + moved
        data = {
            "entry": entry.pk,
            "service": entry.service_id,
            "benefit": entry.benefit_id,
            "quantity": entry.quantity,
            "unit": entry.unit,
            "balance": left,
        }
        trail.append(
            AuditEntry(
                at=entry.occurred_at,
                actor=entry.actor,
                action=f"credit.{acts[Kind(entry.kind)]}",
                patient=patients[entry.membership_id],
                data=data,
            )
        )
    AuditEntry.objects.bulk_create(trail, batch_size=500)
