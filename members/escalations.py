"""Cases that need a person. Every floor opens them; staff claim and resolve them."""

from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from common import redaction
from common.errors import Refused
from members import audit
from members.models import Escalation, Location, OnCallContact, Patient, StaffUser

State, Result = Escalation.State, Escalation.Result

# How long a patient waits for a person, in business minutes of the location (R167); an emergency never waits for hours.
_PATIENCE = {
    Escalation.Severity.EMERGENCY: timedelta(minutes=5),
    Escalation.Severity.HIGH: timedelta(minutes=30),
    Escalation.Severity.NORMAL: timedelta(minutes=60),
}


def open(
    *,
    reason: str,
    summary: str,
    now: datetime,
    patient: Patient | None = None,
    phone: str = "",
    severity: int = Escalation.Severity.NORMAL,
    location: Location | None = None,
    subject: str = "",
) -> Escalation:
    """The unresolved case of this subject and reason; a new one if there is none.

    Raising an open case again adds the summary, keeps the graver severity and re-arms its timer. A card number in the
    summary is not kept (R123).
    """
    summary = redaction.redact(summary)
    subject = subject or (f"patient:{patient.pk}" if patient else f"phone:{phone}")
    location = location or (patient.home_location if patient else None)
    due_at = _due_at(now, Escalation.Severity(severity), location)
    fields: dict[str, Any] = {
        "patient": patient,
        "phone": phone or (patient.phone if patient else ""),
        "location": location,
        "reason": reason,
        "severity": severity,
        "summary": summary,
        "opened_at": now,
        "last_raised_at": now,
        "due_at": due_at,
        "subject": subject,
    }
    try:
        return _insert(fields, now)
    except IntegrityError:
        again = _raise_again(subject, reason, summary, severity, due_at, now)
    return again or _insert(fields, now)  # resolved between the two statements: then it is a new case


def quote_otherwise(*, phone: str, said: str, instead: str) -> None:
    """Where a case of this number quotes these words, let it quote the others: the text turned out to hold a part of a
    card's number (R123)."""
    for case in Escalation.objects.filter(phone=phone, summary__contains=said) if said else ():
        Escalation.objects.filter(pk=case.pk).update(summary=case.summary.replace(said, instead))


def open_once(
    *,
    reason: str,
    summary: str,
    now: datetime,
    patient: Patient | None = None,
    subject: str = "",
    severity: int = Escalation.Severity.NORMAL,
) -> None:
    """For what a round finds anew each minute: a case that is open stays as it is, so that nobody is called again."""
    subject = subject or (f"patient:{patient.pk}" if patient else "")
    if not Escalation.objects.filter(subject=subject, reason=reason).exclude(state=State.RESOLVED).exists():
        open(reason=reason, summary=summary, patient=patient, subject=subject, severity=severity, now=now)


def claim(*, escalation: Escalation, by: StaffUser, now: datetime) -> None:
    """Take the case. Raises Refused when a colleague has it or it is resolved; `escalation` is refreshed either way."""
    with transaction.atomic():
        taken = Escalation.objects.filter(pk=escalation.pk, state=State.OPEN).update(
            state=State.CLAIMED, claimed_by=by, claimed_at=now
        )
        escalation.refresh_from_db()
        if taken:
            _trace("claimed", escalation, actor=f"staff:{by.pk}", now=now)
    if taken or (escalation.state == State.CLAIMED and escalation.claimed_by_id == by.pk):
        return
    if escalation.state == State.RESOLVED:
        raise Refused("This case is already resolved.", code="resolved")
    raise Refused(f"{escalation.claimed_by} already has this case.", code="taken")


def acknowledge(*, escalation: Escalation, by: StaffUser | OnCallContact, now: datetime) -> None:
    """Say that `by` has seen the emergency; the alarm is quiet. Whoever was first stays on record."""
    staff = by if isinstance(by, StaffUser) else None
    with transaction.atomic():
        seen = Escalation.objects.filter(pk=escalation.pk, acknowledged_at__isnull=True).update(
            acknowledged_by=staff, acknowledged_at=now
        )
        escalation.refresh_from_db()
        if seen:
            _trace("acknowledged", escalation, actor=f"{'staff' if staff else 'on_call'}:{by.pk}", now=now)


def resolve(*, escalation: Escalation, by: StaffUser, outcome: str, now: datetime, result: str = Result.OTHER) -> None:
    """Close the case with what came of it. Raises Refused when it was already resolved, for a result that is none,
    and for "something else" without words. A card number in the outcome is not kept (R123)."""
    outcome = redaction.redact(outcome).strip()
    if result not in Result.values:
        raise Refused("Choose how it ended.", code="no_result")
    if result == Result.OTHER and not outcome:
        raise Refused("Say in a few words how it ended.", code="no_outcome")
    with transaction.atomic():
        closed = (
            Escalation.objects.filter(pk=escalation.pk)
            .exclude(state=State.RESOLVED)
            .update(state=State.RESOLVED, resolved_by=by, resolved_at=now, result=result, outcome=outcome[:200])
        )
        escalation.refresh_from_db()
        if not closed:
            raise Refused(f"{escalation.resolved_by} already resolved this case.", code="resolved")
        _trace("resolved", escalation, actor=f"staff:{by.pk}", now=now)


def _due_at(now: datetime, severity: Escalation.Severity, location: Location | None) -> datetime:
    patience = _PATIENCE[severity]
    if location is None or severity == Escalation.Severity.EMERGENCY:
        return now + patience
    return location.after_open_time(now, patience)


def _insert(fields: dict[str, Any], now: datetime) -> Escalation:
    with transaction.atomic():
        case = Escalation.objects.create(**fields)
        _trace("opened", case, actor="system", now=now)
    return case


def _raise_again(
    subject: str, reason: str, summary: str, severity: int, due_at: datetime, now: datetime
) -> Escalation | None:
    with transaction.atomic():
        unresolved = Escalation.objects.select_for_update().exclude(state=State.RESOLVED)
        case = unresolved.filter(subject=subject, reason=reason).first()
        if case is None:
            return None
        if summary not in case.summary:
            case.summary = f"{case.summary}\n\n{summary}"
        if case.acknowledged_at or severity < case.severity:
            case.alarm_restarted_at = now
        case.severity = min(case.severity, severity)
        case.last_raised_at, case.due_at = now, due_at
        case.acknowledged_at = case.acknowledged_by = None  # what is new has been seen by nobody
        case.save()
        _trace("raised_again", case, actor="system", now=now)
    return case


def _trace(act: str, case: Escalation, *, actor: str, now: datetime) -> None:
    data = {"escalation": case.pk, "reason": case.reason, "severity": case.severity}
    audit.record(f"escalation.{act}", actor=actor, patient=case.patient, now=now, data=data)
