"""News for other systems, written by the verb that makes it, in its transaction; the tick hands it out.

`audit.record` is the one place that every verb passes, so it is there that an act becomes news (`of_act`).
"""

from datetime import datetime
from typing import Any

from members.models import Patient, WebhookEndpoint, WebhookEvent

Event = WebhookEndpoint.Event

_OF_ACT = {"escalation.opened": Event.ESCALATION_OPENED, "visit.requested": Event.BOOKING_REQUESTED}
_OF_MEMBERSHIPS = "membership."


def of_act(action: str, *, patient: Patient | None, data: dict[str, Any], now: datetime) -> WebhookEvent | None:
    """The event that an act in the audit trail is; None for acts that nobody outside hears of."""
    event = _OF_ACT.get(action) or (Event.MEMBERSHIP_CHANGED if action.startswith(_OF_MEMBERSHIPS) else None)
    if event is None:
        return None
    told = {"act": action, "patient": patient.external_id if patient else None, **data}
    return WebhookEvent.objects.create(type=event, data=told, occurred_at=now)
