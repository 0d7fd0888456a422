"""The one gate: whether a message may go out now, and why not (R1-R4).

Asked when a message is made and again right before the provider call. The first denial is the reason that staff see.
"""

from collections.abc import Callable
from datetime import datetime

from django.db import transaction

from common.errors import Refused
from outreach import legal_tables
from outreach.gate import standing, timing, turns
from outreach.gate.question import Denial, Look, places_for
from outreach.gate.standing import is_live
from outreach.gate.timing import FINISHED, OPT_OUT_CONFIRMATION_WITHIN
from outreach.models import GateDecision, Message

__all__ = [
    "FINISHED",
    "OPT_OUT_CONFIRMATION_WITHIN",
    "Denial",
    "decide",
    "deny",
    "is_live",
    "may_not_send",
    "places_for",
]

Kind = Message.Kind


def may_not_send(message: Message, *, now: datetime) -> Denial | None:
    """Why this message may not go out at `now`; None if it may. Asks our own rows only."""
    return _first_denial(Look(message, now))


def decide(message: Message, *, now: datetime) -> Denial | None:
    """`may_not_send`, kept as a row with what was looked at: ids, counts, places; no text and no number (R4)."""
    look = Look(message, now)
    with transaction.atomic(savepoint=False):
        if message.status == Message.Status.SENDING and timing.is_counted(message):
            turns.wait_for_turn(message)
        denial = _first_denial(look)
        _keep(look, denial)
    return denial


def deny(message: Message, denial: Denial, *, now: datetime, **inputs: object) -> None:
    """Keep a denial that another module found, as the sender's budget does, like one of the gate's own."""
    _keep(Look(message, now, inputs=dict(inputs)), denial)


def _keep(look: Look, denial: Denial | None) -> None:
    GateDecision.objects.create(
        message=look.message,
        at=look.now,
        allowed=denial is None,
        code=denial.code if denial else "",
        words=denial.words[:200] if denial else "",
        retry_at=denial.retry_at if denial else None,
        inputs=look.inputs,
        table_version=legal_tables.version(),
    )


def _first_denial(look: Look) -> Denial | None:
    look.inputs["kind"] = look.message.kind
    try:
        return next((denial for check in _CHECKS[Kind(look.message.kind)] if (denial := check(look))), None)
    except Refused as refused:  # places that are never open together
        return Denial(refused.code, refused.message)


_Check = Callable[[Look], Denial | None]
_WHO: tuple[_Check, ...] = (
    standing.no_address,
    standing.not_live,
    standing.killed,
    standing.switched_off,
    standing.opted_out,
    standing.suppressed,
    standing.minor,
    standing.clinical_hold,
    standing.dispute_hold,
    standing.person_hold,
    standing.agreed,
    standing.long_silence,
    standing.halted,
)
_ALL: tuple[_Check, ...] = (
    *_WHO,
    timing.in_quiet_hours,
    timing.over_caps,
    timing.pointless,  # before `outranked`: what a person's case ends is not kept waiting for the case
    timing.outranked,
)
# Replies and confirmations of the patient's own act go out at any hour and are not counted; staff also write during
# holds; nothing stops an emergency reply (settled.md 13). A notice that the law asks for keeps the hours, not the caps.
_CHECKS: dict[Message.Kind, tuple[_Check, ...]] = {
    Kind.SERVICING: _ALL,
    Kind.MARKETING: _ALL,
    Kind.NOTICE: (
        standing.no_address,
        standing.not_live,
        standing.killed,
        standing.opted_out,
        standing.suppressed,
        standing.minor,
        standing.clinical_hold,
        standing.agreed,
        standing.halted,
        timing.in_quiet_hours,
        timing.pointless,
    ),
    Kind.REPLY: (
        standing.no_address,
        standing.not_live,
        standing.killed,
        standing.opted_out,
        standing.minor,
        standing.clinical_hold,
        standing.person_hold,
        standing.halted,
    ),
    Kind.CONFIRMATION: (
        standing.no_address,
        standing.not_live,
        standing.killed,
        standing.switched_off,
        standing.opted_out,
        standing.minor,
        standing.clinical_hold,
        standing.person_hold,
        standing.agreed,
        standing.halted,
    ),
    Kind.STAFF: (
        standing.no_address,
        standing.killed,
        standing.opted_out,
        standing.minor,
        standing.agreed,
        standing.halted,
    ),
    Kind.OPT_OUT: (timing.too_late, standing.minor),
    Kind.EMERGENCY: (),
    Kind.ALERT: (standing.minor,),  # to our own people and about no patient, so that nothing a patient said stops it
}
