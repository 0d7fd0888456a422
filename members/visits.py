"""The life of a visit after it was booked: one way into each state, for the desk, the patient and the mirror alike.

    requested -> booked -> completed | no_show | cancelled        each of these three -> booked (set by mistake)

Every step keeps the membership's last visit and next appointment right, brings the credits in line and notes a missed
visit. A completed visit uses a credit where the member has one; any other outcome gives back what the visit had used.
"""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from common.errors import Refused
from members import audit, redemption, standings
from members.models import Escalation, MissedVisit, Practice, Visit

Status = Visit.Status
_NEXT = {
    Status.REQUESTED: (Status.BOOKED, Status.CANCELLED),
    Status.BOOKED: (Status.COMPLETED, Status.NO_SHOW, Status.CANCELLED),
    Status.COMPLETED: (Status.BOOKED,),
    Status.NO_SHOW: (Status.BOOKED,),
    Status.CANCELLED: (Status.BOOKED,),
}


def complete(*, visit: Visit, actor: str, now: datetime) -> None:
    """The patient came. Raises Refused (not_yet) before the visit begins, (bad_state) if it was not booked."""
    if visit.starts_at > now:
        raise Refused("This visit has not begun yet.", code="not_yet")
    _step(visit, Status.COMPLETED, actor=actor, now=now)


def miss(*, visit: Visit, actor: str, now: datetime) -> None:
    """The patient did not come. Raises Refused (not_yet, bad_state)."""
    if visit.starts_at > now:
        raise Refused("This visit has not begun yet.", code="not_yet")
    _step(visit, Status.NO_SHOW, actor=actor, now=now)


def cancel(*, visit: Visit, actor: str, now: datetime, by_patient: bool = True) -> None:
    """Give the time back. A patient's late cancellation is noted as missed; the practice's own is not.

    Raises Refused (bad_state)."""
    _step(visit, Status.CANCELLED, actor=actor, now=now, is_signal=by_patient)


def reopen(*, visit: Visit, actor: str, now: datetime) -> None:
    """Take an outcome back that was set by mistake. Raises Refused (bad_state; slot_taken: another has the time)."""
    if visit.status in Visit.HOLDS_TIME:
        raise Refused("This visit has no outcome to take back.", code="bad_state")
    _step(visit, Status.BOOKED, actor=actor, now=now)


def confirm(*, visit: Visit, actor: str, now: datetime) -> None:
    """The desk has keyed the request into the scheduler; what it replaces is cancelled. Raises Refused (bad_state)."""
    with transaction.atomic():
        if visit.status != Status.REQUESTED:
            raise Refused("This appointment needs no confirmation.", code="bad_state")
        _step(visit, Status.BOOKED, actor=actor, now=now)
        visit.confirmed_at = now
        visit.save(update_fields=["confirmed_at"])
        if visit.replaces and visit.replaces.status in Visit.HOLDS_TIME:
            _step(visit.replaces, Status.CANCELLED, actor=actor, now=now, is_signal=False)


def confirm_keyed_in(*, now: datetime) -> int:
    """Confirm the requests whose case the desk has resolved. Returns how many."""
    done = Escalation.objects.filter(reason=Escalation.Reason.BOOKING, state=Escalation.State.RESOLVED)
    waiting = Visit.objects.filter(status=Status.REQUESTED).select_related("patient", "replaces")
    confirmed = 0
    for visit in waiting.order_by("pk")[:200]:
        case = done.filter(subject=f"visit:{visit.pk}").order_by("-resolved_at").first()
        if case:
            confirm(visit=visit, actor=f"staff:{case.resolved_by_id}", now=now)
            confirmed += 1
    return confirmed


def follow(*, visit: Visit, status: str, actor: str, now: datetime) -> None:
    """Take over the state that the practice's scheduler reports, whatever ours was. Saying it again changes nothing."""
    if visit.status != status:
        _become(visit, Status(status), actor=actor, now=now, is_signal=True)


def _step(visit: Visit, status: Visit.Status, *, actor: str, now: datetime, is_signal: bool = True) -> None:
    with transaction.atomic():
        locked = Visit.objects.select_for_update(no_key=True, of=("self",)).get(pk=visit.pk)
        if status not in _NEXT[Status(locked.status)]:
            raise Refused(f"This visit is {locked.get_status_display().lower()}.", code="bad_state")
        visit.status = locked.status
        _become(visit, status, actor=actor, now=now, is_signal=is_signal)


def _become(visit: Visit, status: Visit.Status, *, actor: str, now: datetime, is_signal: bool) -> None:
    """Write the state and all that hangs on it, in one transaction."""
    before = visit.status
    with transaction.atomic():
        try:
            with transaction.atomic():
                Visit.objects.filter(pk=visit.pk).update(status=status)
        except IntegrityError:  # an outcome taken back, but the time was given away
            raise Refused("Another appointment has that time now.", code="slot_taken") from None
        visit.status = status
        standings.refresh_visits([visit.patient_id], now=now)
        redemption.settle(visit=visit, actor=actor, now=now)
        _note_missed(visit, now, is_signal=is_signal)
        data = {"visit": visit.pk, "from": before, "starts_at": visit.starts_at.isoformat()}
        audit.record(f"visit.{status.value}", actor=actor, patient=visit.patient, now=now, data=data)


def _note_missed(visit: Visit, now: datetime, *, is_signal: bool) -> None:
    notice = timedelta(hours=Practice.current().cancellation_notice_hours)
    late = visit.status == Status.CANCELLED and visit.starts_at - now < notice
    if is_signal and (visit.status == Status.NO_SHOW or late):
        kind = MissedVisit.Kind.LATE_CANCELLATION if late else MissedVisit.Kind.NO_SHOW
        MissedVisit.objects.update_or_create(
            visit=visit, defaults={"kind": kind, "occurred_at": now, "withdrawn_at": None}
        )
    else:
        MissedVisit.objects.filter(visit=visit, withdrawn_at__isnull=True).update(withdrawn_at=now)
