"""The only maker and sender of outgoing messages.

A text is sent at most once: claimed (queued -> sending), committed, asked at the gate again, then given to the carrier
outside any transaction. What a crash or a timeout left in doubt is looked up at the carrier before anything else (R73).
"""

import logging
import time
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F
from django_q.tasks import async_task

from common.claims import claim
from common.errors import Refused
from common.rounds import in_time
from members.models import Location, Patient, PatientLink, StaffUser
from members.stripe_gateway import StripeRefused, StripeUnavailable
from outreach import (
    delivery,
    gate,
    handovers,
    late_facts,
    offers,
    redaction,
    send_errors,
    transports,
    wire,
)
from outreach.models import Enrolment, Message
from outreach.send_errors import Action
from outreach.transports import TransportError
from outreach.wording import LINK

log = logging.getLogger(__name__)

Kind, Status = Message.Kind, Message.Status

BATCH = 200
_MOST_RETRIES = 8
_MOST_ATTEMPTS_IN_DOUBT = 2
_LONGEST_DOUBT = timedelta(hours=1)
_BRAKE = timedelta(minutes=15)


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
        status=Status.QUEUED,
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


def send(message_pk: int, *, now: datetime) -> bool:
    """Send one due message. True if the carrier took it; False if it is not due, not ours, denied or refused."""
    began = time.monotonic()
    message = Message.objects.with_facts().filter(pk=message_pk).first()
    if message is None or message.status != Status.QUEUED or _settled_at_stripe(message, now):
        return False
    if message.enrolment_id:  # Stripe may have been slow; hours and caps need the true moment of this claim
        now += timedelta(seconds=time.monotonic() - began)
    due = Message.objects.filter(pk=message_pk, status=Status.QUEUED, due_at__lte=now)
    with transaction.atomic(durable=True):  # committed before the carrier hears of it
        if not claim(due, status=Status.SENDING, claimed_at=now, attempts=F("attempts") + 1):
            return False
    message = Message.objects.with_facts().get(pk=message_pk)
    denial = gate.decide(message, now=now)
    if denial:
        _give_back(message, denial, now)
        return False
    if time.monotonic() - began > settings.SEND_LEASE_SECONDS / 2:
        _release(message, due_at=now)  # stalled: others may soon take this claim for dead
        return False
    return _has_room(message, now) and _give_to_carrier(message, now)


def send_due(*, now: datetime) -> int:
    """Send what is due, oldest first, one batch; any number of workers may do so at once. Returns how many went out."""
    began, sent = time.monotonic(), 0
    for pk in in_time(list(Message.objects.due(now).values_list("pk", flat=True)[:BATCH])):
        try:
            # A claim must not look older than it is, so `now` moves on within the batch.
            sent += send(pk, now=now + timedelta(seconds=time.monotonic() - began))
        except Exception:
            log.exception("message not sent", extra={"message_pk": pk})  # the next one still gets its turn
    return sent


def recover_stuck(*, now: datetime) -> int:
    """Settle what a crash or a timeout left in doubt by looking it up at the carrier. Returns how many were settled."""
    before = now - timedelta(seconds=settings.SEND_LEASE_SECONDS)
    Message.objects.filter(status=Status.SENDING, claimed_at__lt=before).update(status=Status.UNKNOWN)
    in_doubt, settled = Message.objects.filter(status=Status.UNKNOWN, claimed_at__lt=before), 0
    for message in in_time(list(in_doubt.with_facts().order_by("claimed_at", "pk")[:BATCH])):
        try:
            settled += _settle(message, now)
        except TransportError:
            log.warning("the carrier cannot say what became of a message", extra={"message_pk": message.pk})
            settled += _stop_asking(message, now)
        except Exception:
            log.exception("message not looked up", extra={"message_pk": message.pk})
            settled += _stop_asking(message, now)
    return settled


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
        _put(message, denial, now)
    elif due_at <= now:
        async_task(tasks.send_message, message.pk)


def _put(message: Message, denial: gate.Denial, now: datetime) -> None:
    """Let a denied message wait, be held or be dropped; a payment text that is held becomes a person's work."""
    message.reason = denial.words[:200]
    if denial.retry_at:
        message.due_at = denial.retry_at
    else:
        message.status = Status.DROPPED if denial.drops else Status.HELD
    message.save(update_fields=["status", "due_at", "reason"])
    if message.status == Status.HELD:
        handovers.cannot_text(message, now=now)


def _settled_at_stripe(message: Message, now: datetime) -> bool:
    """R143: the live invoice decides. Where Stripe cannot be asked, the message waits."""
    if message.enrolment is None or message.kind != Kind.SERVICING:
        return False
    waiting = Message.objects.filter(pk=message.pk, status=Status.QUEUED)
    try:
        pointless = late_facts.no_longer_true_at_stripe(message.enrolment)
    except StripeUnavailable:
        waiting.update(due_at=now + late_facts.ASK_AGAIN_AFTER)
        return True
    except StripeRefused:
        with transaction.atomic():
            if claim(waiting, status=Status.HELD, reason="The invoice cannot be read at Stripe."):
                message.refresh_from_db()
                handovers.cannot_text(message, now=now)
        return True
    if pointless:
        claim(waiting, status=Status.DROPPED, reason=pointless.words)
    return pointless is not None


def _give_back(message: Message, denial: gate.Denial, now: datetime) -> None:
    """Denied at the last moment: nothing was sent, so the attempt does not count."""
    with transaction.atomic():
        if _release(message, due_at=denial.retry_at or now):
            message.refresh_from_db()
            _put(message, denial, now)


def _release(message: Message, *, due_at: datetime) -> bool:
    mine = Message.objects.filter(pk=message.pk, status=Status.SENDING, claimed_at=message.claimed_at)
    return claim(mine, status=Status.QUEUED, claimed_at=None, attempts=F("attempts") - 1, due_at=due_at)


def _give_to_carrier(message: Message, now: datetime) -> bool:
    try:
        receipt = transports.by(message.channel).send(
            to=message.address,
            body=wire.full_text(message),
            message_uuid=message.uuid,
            valid_seconds=wire.valid_seconds(message, now=now),
        )
    except TransportError as error:
        _refused(message, error, now)
        return False
    delivery.record_accepted(message_uuid=message.uuid, status=receipt.status, sid=receipt.sid, now=now)
    offers.went_out(message, now=now)
    return True


def _has_room(message: Message, now: datetime) -> bool:
    denial = wire.no_room(message, now=now)
    if denial:
        _give_back(message, denial, now)
    return denial is None


def _refused(message: Message, error: TransportError, now: datetime) -> None:
    mine = Message.objects.filter(pk=message.pk, status=Status.SENDING, claimed_at=message.claimed_at)
    if error.accepted is None:
        mine.update(status=Status.UNKNOWN, error_code=error.code[:20], reason="The carrier's answer was lost.")
        return
    action, words = send_errors.action_for(error.code), send_errors.words_for(error.code)
    wait = _wait(message, action)
    with transaction.atomic():
        if action == Action.HALT:
            handovers.sender_halted(code=error.code, now=now)
        if wait:
            mine.update(status=Status.QUEUED, claimed_at=None, due_at=now + wait, error_code=error.code, reason=words)
        elif claim(mine, status=Status.FAILED, error_code=error.code[:20], reason=words):
            message.refresh_from_db()
            delivery.after_failure(message, code=error.code, now=now)


def _wait(message: Message, action: Action) -> timedelta | None:
    """How long until the next try; None: there is none. The seconds keep a batch from coming back all at once."""
    if message.kind == Kind.EMERGENCY:
        return None  # a person is paged at once instead
    if action == Action.HALT:
        return _BRAKE
    if action not in (Action.RETRY, Action.DEFER) or message.attempts >= _MOST_RETRIES:
        return None
    minutes = 30 if action == Action.DEFER else min(2**message.attempts, 240)
    return timedelta(minutes=minutes, seconds=message.pk % 30)


def _settle(message: Message, now: datetime) -> bool:
    since = (message.claimed_at or message.created_at) - timedelta(seconds=5)
    found = transports.by(message.channel).find(to=message.address, body=wire.full_text(message), since=since)
    another = found and Message.objects.filter(provider_sid=found.sid).exclude(pk=message.pk).exists()
    if found and not another:
        return delivery.record_accepted(message_uuid=message.uuid, status=found.status, sid=found.sid, now=now)

    mine = Message.objects.filter(pk=message.pk, status=Status.UNKNOWN, claimed_at=message.claimed_at)
    # A text of the same words that belongs to another row may hide ours: then it stays at one, and a person looks.
    surely_not_there = not another
    if surely_not_there and message.kind != Kind.MARKETING and message.attempts < _MOST_ATTEMPTS_IN_DOUBT:
        return claim(mine, status=Status.QUEUED, claimed_at=None, due_at=now, reason="")
    return _take_for_lost(message, "The carrier does not know of it.", now)


def _stop_asking(message: Message, now: datetime) -> bool:
    """Nobody waits for ever: what the carrier cannot tell within the hour is a person's work, and is not sent again."""
    if now - (message.claimed_at or message.created_at) <= _LONGEST_DOUBT:
        return False
    return _take_for_lost(message, "The carrier could not say whether it arrived.", now)


def _take_for_lost(message: Message, reason: str, now: datetime) -> bool:
    mine = Message.objects.filter(pk=message.pk, status=Status.UNKNOWN, claimed_at=message.claimed_at)
    with transaction.atomic():
        if not claim(mine, status=Status.FAILED, reason=reason):
            return False
        message.refresh_from_db()
        handovers.undelivered(message, now=now)
    return True
