"""Holds on automation for a number: placed by a floor above, read by the gate."""

from collections import defaultdict
from datetime import datetime

from django.db import IntegrityError, transaction

from members import audit
from members.models import Hold, Patient, StaffUser


def open_kinds(phone: str) -> set[str]:
    """The kinds of hold that are open for an E.164 number."""
    return set(Hold.objects.filter(phone=phone, released_at__isnull=True).values_list("kind", flat=True))


def open_kinds_of(patient: Patient) -> set[str]:
    """The kinds that are open for the patient, on whichever number they were placed."""
    return set(Hold.objects.filter(patient=patient, released_at__isnull=True).values_list("kind", flat=True))


def open_kinds_by_phone() -> dict[str, set[str]]:
    """The same for every number with an open hold."""
    kinds: dict[str, set[str]] = defaultdict(set)
    for phone, kind in Hold.objects.filter(released_at__isnull=True).values_list("phone", "kind"):
        kinds[phone].add(kind)
    return dict(kinds)


def place(*, kind: str, phone: str, now: datetime, patient: Patient | None = None, by: StaffUser | None = None) -> None:
    """Stop automation for the number. Placing an open hold again changes nothing."""
    try:
        with transaction.atomic():
            Hold.objects.create(kind=kind, phone=phone, patient=patient, placed_by=by, placed_at=now)
            audit.record("hold.placed", actor=_actor(by), patient=patient, now=now, data={"kind": kind})
    except IntegrityError:
        return  # one_open_hold_of_a_kind: it is already there


def release(*, kind: str, phone: str, now: datetime, by: StaffUser | None = None) -> bool:
    """Let automation speak again. True if a hold was open."""
    with transaction.atomic():
        hold = Hold.objects.select_for_update().filter(kind=kind, phone=phone, released_at__isnull=True).first()
        if hold is None:
            return False
        hold.released_at, hold.released_by = now, by
        hold.save(update_fields=["released_at", "released_by"])
        audit.record("hold.released", actor=_actor(by), patient=hold.patient, now=now, data={"kind": kind})
    return True


def _actor(by: StaffUser | None) -> str:
    return f"staff:{by.pk}" if by else "system"
