"""The audit trail. Every verb calls `record` inside its own transaction, so act and trace stand or fall together."""

from datetime import datetime
from typing import Any

from common import origins
from members import webhook_events
from members.models import AuditEntry, Patient


def record(
    action: str, *, actor: str, patient: Patient | None, now: datetime, data: dict[str, Any] | None = None
) -> AuditEntry:
    """Note that `actor` ("staff:3", "patient:12", "stripe", "system", "concierge") did `action` ("noun.verb").

    `data` holds ids, amounts and states; never message bodies, phones, e-mails or health words (R116, R119).
    Acts that other systems want to hear of become news at the same time.
    """
    webhook_events.of_act(action, patient=patient, data=data or {}, now=now)
    return AuditEntry.objects.create(
        at=now, actor=actor, action=action, patient=patient, data=data or {}, origin=origins.current()
    )
