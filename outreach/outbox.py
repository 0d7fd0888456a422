"""The only maker and sender of outgoing messages.

A text is sent at most once: claimed (queued -> sending), committed, asked at the gate again, then given to the carrier
outside any transaction (`sending`). What a crash or a timeout left open is settled by `doubt`.
"""

from datetime import datetime

from django.conf import settings
from django.db import IntegrityError, transaction
from django_q.tasks import async_task

from common import redaction
from common.errors import Refused
from members.models import Location, Patient, PatientLink, StaffUser
from outreach import gate, sending
from outreach.doubt import recover_stuck
from outreach.models import Enrolment, Message
from outreach.wording import LINK

__all__ = ["post", "recover_stuck", "send", "send_due"]

BATCH = 200
_HAND = 20  # claimed at once: what one worker sends within a second or few, and what a crash makes late


def post(
    *,
    kind: str,
    body: str,
    dedupe_key: str,
    now: datetime,
    channel: str = Message.Channel.SMS,
    patient: Patient | None = None,
    address: str = "",
    due_at: datetime | None = None,
    link: PatientLink | None = None,
    enrolment: Enrolment | None = None,
    in_reply_to: Message | None = None,
    author: StaffUser | None = None,
    location: Location | None = None,
) -> Message:
    """Make a message and ask the gate; what is due now is sent by a task that this transaction queues.

    One `dedupe_key`, one message: a second call returns the first one's row, which says what became of it. `address`
    defaults to the patient's primary number. Raises Refused (no_link) for a body with {link} and no link.
    """
    _refuse_no_link(body, link)
    message = Message(
        direction=Message.Direction.OUT,
        status=Message.Status.QUEUED,
        channel=channel,
        kind=kind,
        patient=patient,
        location=location or (patient.home_location if patient else None),
        address=address or (patient.phone if patient else ""),
        body=redaction.redact(body),
        link=link,
        dedupe_key=dedupe_key,
        enrolment=enrolment,
        in_reply_to=in_reply_to,
        author=author,
        created_at=now,
        due_at=due_at or now,
    )
    return _keep_once(message, now)


def _refuse_no_link(body: str, link: PatientLink | None) -> None:
    if LINK in body and link is None:
        raise Refused("The text has a place for a link, but there is no link.", code="no_link")


def _keep_once(message: Message, now: datetime) -> Message:
    try:
        with transaction.atomic():
            message.save(force_insert=True)
            _ask_and_queue(message, now)
    except IntegrityError:
        made_before = Message.objects.filter(dedupe_key=message.dedupe_key).first()
        if made_before is None:  # another promise of the table was broken: that is a bug, not a repeat
            raise
        return made_before
    return message


def _ask_and_queue(message: Message, now: datetime) -> None:
    from outreach import tasks  # they call this module

    due_at = message.due_at or now
    denial = gate.decide(message, now=max(now, due_at))
    if denial:
        sending.put(message, denial, now=now)
    elif due_at <= now:
        async_task(tasks.send_message, message.pk)


def send(message_pk: int, *, now: datetime) -> bool:
    """Send one due message. True if the carrier took it; False if it is not due, not ours, denied or refused."""
    during = sending.Round(now)
    return sending.give(sending.take(Message.objects.due(now).filter(pk=message_pk), now=now), during) == 1


def send_due(*, now: datetime) -> int:
    """Send what is due, oldest first, one batch; any number of workers may do so at once, each with messages of its
    own. Returns how many went out."""
    during, had, sent = sending.Round(now, lasts=settings.ROUND_SECONDS), 0, 0
    while had < BATCH and (
        taken := sending.take(Message.objects.due(now)[: min(_HAND, BATCH - had)], now=during.now())
    ):
        had += len(taken)
        sent += sending.give(taken, during)
        if not during.has_time():
            break
    return sent
