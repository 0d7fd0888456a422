"""Addresses that are not used, for another reason than an opt-out: our own list, whatever the carrier keeps (R60)."""

from datetime import datetime

from django.db import IntegrityError, transaction

from members import audit
from members.models import StaffUser
from outreach.models import Suppression

Why = Suppression.Why


def on(address: str, *, channel: str) -> Suppression | None:
    """The reason why the address is not used on the channel, if there is one."""
    return Suppression.objects.filter(address=address, channel=channel, lifted_at__isnull=True).first()


def add(
    *, address: str, channel: str, why: str, now: datetime, code: str = "", by: StaffUser | None = None
) -> Suppression:
    """Use the address no more on this channel. Adding it again returns the row that is there."""
    try:
        with transaction.atomic():
            row = Suppression.objects.create(
                address=address, channel=channel, why=why, code=code[:20], added_by=by, added_at=now
            )
            _trace("added", row, by, now)
    except IntegrityError:  # one_suppression_an_address
        return Suppression.objects.get(address=address, channel=channel, lifted_at__isnull=True)
    return row


def lift(*, suppression: Suppression, by: StaffUser, now: datetime) -> bool:
    """The address works after all. An opt-out is another matter: only the patient takes it back (R37)."""
    with transaction.atomic():
        standing = Suppression.objects.filter(pk=suppression.pk, lifted_at__isnull=True)
        if not standing.update(lifted_at=now, lifted_by=by):
            return False
        _trace("lifted", suppression, by, now)
    return True


def _trace(act: str, row: Suppression, by: StaffUser | None, now: datetime) -> None:
    data = {"suppression": row.pk, "channel": row.channel, "why": row.why, "code": row.code}
    audit.record(f"suppression.{act}", actor=f"staff:{by.pk}" if by else "system", patient=None, now=now, data=data)
