"""How the practice is set up: its name, locations, hours, services, registers; and the moment it goes live.

Every change is on record with the names of what changed. Two people who edit the same thing do not overwrite each
other: a save says which state it has seen.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, time
from typing import Any

from django.db import models, transaction

from common.errors import Refused
from members import audit
from members.models import BusinessHours, Confirmation, Location, Practice, StaffUser

Hours = Mapping[int, tuple[time, time] | None]  # weekday (0 = Monday) -> opening and closing; None: closed


def state_of(row: models.Model, fields: Sequence[str]) -> str:
    """A short mark of what the fields hold now; it differs after anybody changed one of them."""
    values = [str(getattr(row, name)) for name in fields]
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()[:16]


def change(row: models.Model, values: Mapping[str, Any], *, by: StaffUser, now: datetime, seen: str = "") -> list[str]:
    """Write `values` into a new or known row. Returns the names of the fields that changed.

    Raises Refused (stale) when somebody else changed one of the fields after `seen` was taken, ValidationError for
    values that the row does not take.
    """
    kind = row._meta.model_name
    with transaction.atomic():
        before = type(row)._default_manager.select_for_update().filter(pk=row.pk).first()
        if before is not None and seen and seen != state_of(before, list(values)):
            raise Refused("Somebody else changed this meanwhile. Both versions are shown: save again.", code="stale")
        changed = [name for name, value in values.items() if before is None or getattr(before, name) != value]
        for name, value in values.items():
            setattr(row, name, value)
        row.full_clean()
        row.save()
        if changed:
            data = {kind or "row": row.pk, "fields": changed}
            audit.record(f"{kind}.changed", actor=f"staff:{by.pk}", patient=None, now=now, data=data)
    return changed


def remove(row: models.Model, *, by: StaffUser, now: datetime) -> None:
    """Delete a row that nothing hangs on. Raises Refused (in_use) otherwise."""
    data = {row._meta.model_name or "row": row.pk}
    try:
        with transaction.atomic():
            row.delete()
            actor = f"staff:{by.pk}"
            audit.record(f"{row._meta.model_name}.removed", actor=actor, patient=None, now=now, data=data)
    except models.ProtectedError:
        raise Refused("This is in use, so it cannot be removed.", code="in_use") from None


def set_hours(location: Location, hours: Hours, *, by: StaffUser, now: datetime) -> None:
    """Replace the weekly hours. Raises Refused (bad_hours) for a day that closes before it opens."""
    for span in hours.values():
        if span and span[0] >= span[1]:
            raise Refused("A day must close after it opens.", code="bad_hours")
    with transaction.atomic():
        location.business_hours.all().delete()
        BusinessHours.objects.bulk_create(
            BusinessHours(location=location, weekday=weekday, opens=span[0], closes=span[1])
            for weekday, span in hours.items()
            if span
        )
        data = {"location": location.pk, "open_days": [weekday for weekday, span in hours.items() if span]}
        audit.record("location.hours_changed", actor=f"staff:{by.pk}", patient=None, now=now, data=data)


def confirm(kind: str, *, by: StaffUser, now: datetime) -> None:
    """Note that `by` answers for it. Raises Refused for what nobody asks."""
    if kind not in Confirmation.Kind.values:
        raise Refused("Say what you confirm.", code="no_kind")
    with transaction.atomic():
        _, made = Confirmation.objects.get_or_create(kind=kind, defaults={"confirmed_by": by, "confirmed_at": now})
        if made:
            audit.record("practice.confirmed", actor=f"staff:{by.pk}", patient=None, now=now, data={"kind": kind})


def take_back(kind: str, *, by: StaffUser, now: datetime) -> None:
    """It is not so any more."""
    with transaction.atomic():
        if Confirmation.objects.filter(kind=kind).delete()[0]:
            data = {"kind": kind}
            audit.record("practice.confirmation_taken_back", actor=f"staff:{by.pk}", patient=None, now=now, data=data)


def go_live(*, missing: Sequence[str], by: StaffUser, now: datetime) -> None:
    """From now on the automations that are switched on speak for the practice. Raises Refused while anything misses."""
    if missing:
        raise Refused(f"Still missing: {'; '.join(missing)}.", code="not_ready")
    with transaction.atomic():
        if Practice.objects.filter(live_since__isnull=True).update(live_since=now):
            audit.record("practice.went_live", actor=f"staff:{by.pk}", patient=None, now=now)


def stop(*, by: StaffUser, now: datetime) -> None:
    """Nothing is sent by itself any more; what patients write goes to people."""
    with transaction.atomic():
        if Practice.objects.filter(live_since__isnull=False).update(live_since=None):
            audit.record("practice.stopped", actor=f"staff:{by.pk}", patient=None, now=now)
