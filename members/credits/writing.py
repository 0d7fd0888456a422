"""The one way into the ledger: the membership locked, the entry numbered in its lot, the column and the trail kept."""

from datetime import datetime
from typing import Any

from django.db import transaction

from common import redaction
from common.errors import Refused
from members import audit
from members.credits.lots import balance
from members.models import CreditEntry, Membership

Kind = CreditEntry.Kind
_ACTS = {
    Kind.GRANT: "granted",
    Kind.BONUS: "bonus",
    Kind.SPEND: "spent",
    Kind.EXPIRE: "expired",
    Kind.TRANSFER: "transferred",
    Kind.REVERSE: "reversed",
}


def lock(membership: Membership) -> None:
    """Lock the row that all spending of one member goes through: two workers cannot take the same credit."""
    Membership.objects.select_for_update().only("pk").get(pk=membership.pk)


def open_lot(*, now: datetime, **fields: Any) -> CreditEntry:
    """A new lot; the caller holds the lock. A card number in the reason is not kept (R123)."""
    entry = CreditEntry.objects.create(occurred_at=now, left=fields["quantity"], **_without_cards(fields))
    _settle(entry, now)
    return entry


def add(lot: CreditEntry, *, kind: Kind, quantity: int, now: datetime, **fields: Any) -> CreditEntry:
    """The next entry of a lot, `quantity` signed; the caller holds the lock."""
    last = lot.uses.order_by("-number").first() or lot
    kept = _without_cards(fields)
    values = {"service": lot.service, "benefit": lot.benefit, "unit": lot.unit, "occurred_at": now, **kept}
    entry = CreditEntry.objects.create(
        membership=lot.membership,
        lot=lot,
        kind=kind,
        quantity=quantity,
        number=last.number + 1,
        left=last.left + quantity,
        **values,
    )
    _settle(entry, now)
    return entry


def reverse(*, entry: CreditEntry, actor: str, reason: str, now: datetime) -> CreditEntry:
    """Give back what a use took. It can be given back once; a second call returns the first reversal."""
    if entry.kind != Kind.SPEND or entry.lot is None:
        raise Refused("Only a use can be given back.", code="not_reversible")
    key = f"reverse:{entry.pk}"
    with transaction.atomic():
        lock(entry.membership)
        if earlier := CreditEntry.objects.filter(key=key).first():
            return earlier
        kept = {"service": entry.service, "visit": entry.visit, "used_by": entry.used_by, "as_guest": entry.as_guest}
        return add(
            entry.lot,
            kind=Kind.REVERSE,
            quantity=-entry.quantity,
            key=key,
            now=now,
            actor=actor,
            reason=reason,
            **kept,
        )


def _without_cards(fields: dict[str, Any]) -> dict[str, Any]:
    return {**fields, "reason": redaction.redact(fields["reason"])}


def _settle(entry: CreditEntry, now: datetime) -> None:
    """Bring the denormalised column up to date and leave a trace, in the caller's transaction."""
    left = balance(entry.membership, at=now)
    Membership.objects.filter(pk=entry.membership_id).update(credits_remaining=left)
    entry.membership.credits_remaining = left
    data = {
        "entry": entry.pk,
        "service": entry.service_id,
        "benefit": entry.benefit_id,
        "quantity": entry.quantity,
        "unit": entry.unit,
        "balance": left,
    }
    act = f"credit.{_ACTS[Kind(entry.kind)]}"
    audit.record(act, actor=entry.actor, patient=entry.membership.patient, now=now, data=data)
