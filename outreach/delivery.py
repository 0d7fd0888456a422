"""What the carrier says became of a message: forward only, in whatever order its callbacks come (R72)."""

import logging
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import DateTimeField, Value
from django.db.models.functions import Coalesce

from outreach import handovers, opt_outs, second_tries, send_errors, suppressions
from outreach.models import Message, Suppression
from outreach.send_errors import Action

log = logging.getLogger(__name__)

Status = Message.Status

# Lowest first; a message never moves down. The order among the final ones only makes every permutation end equal.
_RANKS = (
    "accepted",
    "scheduled",
    "queued",
    "sending",
    "sent",
    "failed",
    "canceled",
    "undelivered",
    "delivered",
    "read",
)
_ENDS = {
    "failed": Status.FAILED,
    "canceled": Status.FAILED,
    "undelivered": Status.UNDELIVERED,
    "delivered": Status.DELIVERED,
    "read": Status.DELIVERED,
}
_A_WEEK, _TOO_OFTEN = timedelta(days=7), 3
_LOST = (Status.FAILED, Status.UNDELIVERED)


def record_status(*, message_uuid: UUID, status: str, sid: str, error_code: str, now: datetime) -> bool:
    """Take in one status; repeats and late ones change nothing. False when there is no such message."""
    message = Message.objects.filter(uuid=message_uuid, direction=Message.Direction.OUT).first()
    if message is None:
        log.warning("status for an unknown message")
        return False
    return _take_in(message, status=status, sid=sid, error_code=error_code, now=now)


def record_accepted(message: Message, *, status: str, sid: str, now: datetime) -> bool:
    """The carrier took the message; a status of its that we do not know counts as queued there."""
    return _take_in(message, status=status if status in _RANKS else "queued", sid=sid, error_code="", now=now)


def _take_in(message: Message, *, status: str, sid: str, error_code: str, now: datetime) -> bool:
    if status not in _RANKS:
        log.warning("unknown delivery status", extra={"message_pk": message.pk})
        return True
    if _ENDS.get(status) not in _LOST:
        _move_up(message, status, sid, error_code, now)
        return True
    with transaction.atomic():
        if _move_up(message, status, sid, error_code, now):
            message.refresh_from_db()
            after_failure(message, code=error_code, now=now)
    return True


def _move_up(message: Message, status: str, sid: str, error_code: str, now: datetime) -> bool:
    lower = ["", *_RANKS[: _RANKS.index(status)]]
    rows = Message.objects.filter(pk=message.pk, provider_status__in=lower)
    return rows.update(**_values(status, sid, error_code, now)) == 1


def _values(status: str, sid: str, error_code: str, now: datetime) -> dict[str, Any]:
    moment = Value(now, output_field=DateTimeField())
    end = _ENDS.get(status, Status.SENT)
    failed = end in _LOST
    values: dict[str, Any] = {
        "status": end,
        "provider_status": status,
        "sent_at": Coalesce("sent_at", moment),
        "error_code": error_code[:20] if failed else "",
        "reason": send_errors.words_for(error_code) if failed else "",
    }
    if sid:
        values["provider_sid"] = sid[:64]
    if end == Status.DELIVERED:
        values["delivered_at"] = Coalesce("delivered_at", moment)
    return values


def _use_no_more(message: Message, code: str, now: datetime) -> None:
    """A number that cannot work is not tried again; one that was out of reach three times in a week, neither (R80)."""
    why = send_errors.unusable(code)
    if code == send_errors.OUT_OF_REACH:
        lately = Message.objects.filter(address=message.address, error_code=code, created_at__gt=now - _A_WEEK)
        why = Suppression.Why.UNREACHABLE if lately.count() >= _TOO_OFTEN else None
    if why:
        suppressions.add(address=message.address, channel=message.channel, why=why, code=code, now=now)


def after_failure(message: Message, *, code: str, now: datetime) -> None:
    """What follows when a message ended failed or undelivered: opt-out, brake, another try, a case for staff (R80)."""
    action = send_errors.action_for(code)
    if action == Action.OPT_OUT:
        said = f"carrier code {code}"
        opt_outs.record(address=message.address, channel=message.channel, wording=said, source="carrier", now=now)
    if action == Action.HALT:
        handovers.sender_halted(code=code, now=now)
    _use_no_more(message, code, now)
    if not second_tries.plan(message, code=code, now=now):
        handovers.undelivered(message, now=now, always=action == Action.ASK)
