"""E-mail from patients: emergencies and opt-outs as in texts; whatever else it says is read by a person."""

import re
from datetime import datetime

from django.db import transaction

from concierge.understanding import safety
from members import escalations
from members.models import Escalation
from outreach import mail_reports
from outreach.transports.mail_events import InboundMail

Reason, Severity = Escalation.Reason, Escalation.Severity
_CANCELS = re.compile(r"\b(cancel|terminate|end|cancelar|terminar)\w*\b", re.I)


def take_in(letter: InboundMail, *, now: datetime) -> None:
    """In one transaction; the mail service may tell of it twice."""
    with transaction.atomic():
        message = mail_reports.receive(letter, now=now)
        if message is None:
            return
        out = mail_reports.says_stop(message) or safety.wants_out(message.body)
        if out:
            mail_reports.opt_out(message, now=now)
        kind, cancels = safety.emergency(message.body), bool(_CANCELS.search(message.body))
        if out and not (kind or cancels or safety.wants_more_than_out(message.body)):
            return
        escalations.open(
            reason=Reason.EMERGENCY if kind else Reason.CANCELLATION if cancels else Reason.QUESTION,
            severity=Severity.EMERGENCY if kind else Severity.NORMAL,
            summary=f"Wrote an e-mail: “{message.body.strip()[:300]}” "
            + ("Possible emergency: call now." if kind else "Answer by e-mail or call. Nothing was cancelled."),
            patient=message.patient,
            phone=message.patient.phone if message.patient else "",
            subject="" if message.patient else f"email:{message.address}"[:80],
            location=message.location,
            now=now,
        )
