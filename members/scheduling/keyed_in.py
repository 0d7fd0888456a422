"""For a scheduler that lets us read but not write: the desk keys in what patients book, and then it stands.

A booking is a `requested` visit, which keeps its time on our side, and a case with everything to key it in. Resolving
the case confirms the visit (`visits.confirm_keyed_in`); the patient is told so by text.
"""

from datetime import datetime

from django.db import transaction

from common import clock, phones
from common.errors import Refused
from members import credits, escalations
from members.models import Escalation, Membership, Patient, Visit
from members.scheduling.base import Opening
from members.scheduling.embedded import EmbeddedScheduler

_HOW = (
    "Key it into the scheduler, then resolve this case: that confirms it to the patient. Is the time gone? Cancel the "
    "request on the Schedule page and call the patient."
)


class KeyedInScheduler(EmbeddedScheduler):
    confirms = False

    def book(self, *, patient: Patient, opening: Opening, actor: str, now: datetime) -> Visit:
        with transaction.atomic():
            visit = super().book(patient=patient, opening=opening, actor=actor, now=now)
            _ask_desk(visit, f"Book: {_described(visit, now)}. {_HOW}", now)
        return visit

    def move(self, *, visit: Visit, opening: Opening, actor: str, now: datetime) -> Visit:
        """A new request that replaces the visit, which stands until the desk confirms the request."""
        with transaction.atomic():
            if visit.status == Visit.Status.REQUESTED:
                moved = super().move(visit=visit, opening=opening, actor=actor, now=now)
                _ask_desk(moved, f"Changed before it was keyed in. Book: {_described(moved, now)}. {_HOW}", now)
                return moved
            if visit.status != Visit.Status.BOOKED or visit.starts_at <= now:
                raise Refused("Only a coming appointment can be moved.", code="not_booked")
            moved = super().book(patient=visit.patient, opening=opening, actor=actor, now=now)
            moved.replaces = visit
            moved.save(update_fields=["replaces"])
            _ask_desk(moved, f"Move {_when(visit)} to: {_described(moved, now)}. {_HOW}", now)
        return moved

    def cancel(self, *, visit: Visit, actor: str, now: datetime) -> None:
        with transaction.atomic():
            super().cancel(visit=visit, actor=actor, now=now)
            _ask_desk(visit, f"Cancelled by the patient: {_described(visit, now)}. Take it out of the scheduler.", now)


def _ask_desk(visit: Visit, summary: str, now: datetime) -> None:
    escalations.open(
        reason=Escalation.Reason.BOOKING,
        severity=Escalation.Severity.HIGH,
        summary=summary,
        patient=visit.patient,
        location=visit.location,
        subject=f"visit:{visit.pk}",
        now=now,
    )


def _described(visit: Visit, now: datetime) -> str:
    """Everything to key it in: patient, service, provider, time, credit used, phone."""
    patient = visit.patient
    provider = f" with {visit.provider}" if visit.provider else ""
    number = phones.readable(patient.phone) if patient.phone else "no phone on file"
    known = f", scheduler id {patient.external_id}" if patient.external_id else ""
    return f"{visit.service}{provider}, {_when(visit)}, for {patient}{known}, {number}; {_credit(visit, now)}"


def _credit(visit: Visit, now: datetime) -> str:
    membership = Membership.objects.current().filter(patient=visit.patient_id).first()
    lots = credits.lots(membership, at=now) if membership else []
    lot = next((lot for lot in lots if lot.covers(visit.service)), None)
    if lot is None:
        return "no membership credit, so it is paid for"
    if lot.expires_at is None:
        return "uses a membership credit"
    ends = clock.local(lot.expires_at, visit.location.time_zone)
    return f"uses the membership credit that ends {ends:%b} {ends.day}"


def _when(visit: Visit) -> str:
    there = clock.local(visit.starts_at, visit.location.time_zone)
    return f"{there:%a %b} {there.day}, {there.hour % 12 or 12}:{there:%M} {'am' if there.hour < 12 else 'pm'}"
