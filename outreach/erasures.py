"""A card number or a picture that was texted to us is deleted at the carrier too (R125, R127).

Never while the webhook waits: what is asked for there is done by a job of its own, again until the carrier confirms it.
"""

import logging
from datetime import datetime, timedelta

from common.rounds import in_time
from members import escalations
from members.models import Escalation
from outreach import transports
from outreach.models import Erasure, Message
from outreach.transports import TransportError

log = logging.getLogger(__name__)

SUBJECT = "carrier:erasures"
_MOST_AT_ONCE = 100
_WAITS = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=6))
_TOLD_FROM = 3


def ask(message: Message, *, now: datetime) -> None:
    """Note, in the caller's transaction, that the carrier must not keep this text."""
    Erasure.objects.get_or_create(message=message, defaults={"due_at": now})


def run_due(*, now: datetime) -> int:
    """Delete what is due; how many the carrier confirmed. From the third refusal of one on a case is open."""
    waiting = Erasure.objects.filter(erased_at__isnull=True, due_at__lte=now).select_related("message")
    return sum(_try(erasure, now) for erasure in in_time(list(waiting.order_by("due_at", "pk")[:_MOST_AT_ONCE])))


def _try(erasure: Erasure, now: datetime) -> bool:
    tries = erasure.tries + 1
    again_at = now + _WAITS[min(tries, len(_WAITS)) - 1]
    mine = Erasure.objects.filter(pk=erasure.pk, tries=erasure.tries, erased_at__isnull=True)
    if not mine.update(tries=tries, due_at=again_at):
        return False  # another worker has it
    try:
        transports.sms().erase(str(erasure.message.provider_sid))
    except TransportError as error:
        log.warning("text not erased at the carrier", extra={"message_pk": erasure.message_id, "code": error.code})
        if tries >= _TOLD_FROM:
            _tell(error.code, now)
        return False
    Erasure.objects.filter(pk=erasure.pk).update(erased_at=now)
    return True


def _tell(code: str, now: datetime) -> None:
    escalations.open_once(
        reason=Escalation.Reason.INTEGRATION,
        severity=Escalation.Severity.HIGH,
        subject=SUBJECT,
        summary=f"A card number or a picture that a patient texted could not be deleted at Twilio (code {code}). It is "
        "tried again every 6 hours. Check the account's key, or delete the text in the console of Twilio.",
        now=now,
    )
