"""From the queue to the carrier, by any number of workers at once and at most once.

A worker claims some due messages in one transaction (queued -> sending; nobody else's locked rows, so that all have
different ones), asks the gate about each in turn and gives it to the carrier. Right before each call it commits
`given_at`: a claim without it was surely not sent and may be given back by anybody; one with it is looked up first.
"""

import logging
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Least

from common.claims import claim
from members.stripe_gateway import StripeRefused, StripeUnavailable
from outreach import (
    delivery,
    gate,
    handovers,
    late_facts,
    offers,
    send_errors,
    silence,
    silence_questions,
    transports,
    wire,
)
from outreach.models import Message
from outreach.send_errors import Action
from outreach.transports import TransportError

log = logging.getLogger(__name__)

Kind, Status = Message.Kind, Message.Status

_MOST_RETRIES = 8
_BRAKE = timedelta(minutes=15)


class Round:
    """The moment a caller named, how long ago that was, and whether there is time for another message."""

    def __init__(self, now: datetime, *, lasts: float = float("inf")) -> None:
        self._start, self._began, self._lasts, self._had = now, time.monotonic(), lasts, 0

    def seconds(self) -> float:
        return time.monotonic() - self._began

    def now(self) -> datetime:
        """Claims, hours and caps need the true moment, not the one at which the round began."""
        return self._start + timedelta(seconds=self.seconds())

    def has_time(self) -> bool:
        """One message at least gets its turn, however little time there is."""
        self._had += 1
        return self._had == 1 or self.seconds() < self._lasts


@dataclass(frozen=True)
class Taken:
    """What is ours now. `claimed` since `at`; about `to_ask` Stripe is asked first, until then nobody else does."""

    at: datetime
    claimed: list[int]
    to_ask: list[int]

    def __len__(self) -> int:
        return len(self.claimed) + len(self.to_ask)


def take(due: QuerySet[Message], *, now: datetime) -> Taken:
    """Claim these due messages, but for those that another worker is claiming. Committed before the carrier hears."""
    with transaction.atomic(durable=True):
        rows = list(due.select_for_update(skip_locked=True).values_list("pk", "kind", "enrolment"))
        to_ask = [pk for pk, kind, enrolment in rows if enrolment and kind == Kind.SERVICING]
        claimed = [pk for pk, _, _ in rows if pk not in to_ask]
        if claimed:
            _claim(Message.objects.filter(pk__in=claimed), now)
        if to_ask:  # they wait as if Stripe could not be asked: after a crash they are due again soon
            Message.objects.filter(pk__in=to_ask).update(due_at=now + late_facts.ASK_AGAIN_AFTER)
    return Taken(now, claimed, to_ask)


def give(taken: Taken, during: Round) -> int:
    """Give what was taken to the carrier, oldest first. What there is no time for is due again. How many went out."""
    sent = _give_claimed(_with_facts(taken.claimed), taken.at, during)
    for message in _with_facts(taken.to_ask):
        if not during.has_time():
            Message.objects.filter(pk=message.pk, status=Status.QUEUED).update(due_at=taken.at)
            continue
        try:
            sent += _ask_and_give(message, during)
        except Exception:
            log.exception("message not sent", extra={"message_pk": message.pk})  # due again soon
    return sent


def put(message: Message, denial: gate.Denial, *, now: datetime) -> None:
    """Let a denied message wait, be held or be dropped; a payment text that is held becomes a person's work."""
    message.reason = denial.words[:200]
    if denial.retry_at:
        message.due_at = denial.retry_at
    else:
        message.status = Status.DROPPED if denial.drops else Status.HELD
    message.save(update_fields=["status", "due_at", "reason"])
    if message.status == Status.HELD:
        handovers.cannot_text(message, now=now)
        if denial.code == silence.CODE:
            silence_questions.ask(message, now=now)


def _claim(queued: QuerySet[Message], now: datetime) -> int:
    return queued.update(status=Status.SENDING, claimed_at=now, given_at=None, attempts=F("attempts") + 1)


def _mine(message: Message) -> QuerySet[Message]:
    return Message.objects.filter(pk=message.pk, status=Status.SENDING, claimed_at=message.claimed_at)


def _with_facts(pks: list[int]) -> list[Message]:
    return list(Message.objects.with_facts().filter(pk__in=pks).order_by("due_at", "pk")) if pks else []


def _give_claimed(messages: list[Message], now: datetime, during: Round) -> int:
    """The gate is asked about each right before its call, so that a switch or a STOP works with the next text."""
    sent = 0
    for place, message in enumerate(messages):
        if not during.has_time() or _stalled(message, during):
            _release(messages[place:], now)
            break
        try:
            sent += _give(message, during.now() if place else now)
        except Exception:
            log.exception("message not sent", extra={"message_pk": message.pk})
            _broke(message, now)
    return sent


def _stalled(message: Message, during: Round) -> bool:
    """Others may soon take this claim for dead."""
    held = during.now() - (message.claimed_at or during.now())
    return held > timedelta(seconds=settings.SEND_LEASE_SECONDS) / 2


def _release(messages: list[Message], now: datetime) -> None:
    """Nothing was sent, so the attempts do not count."""
    ours = Message.objects.filter(pk__in=[message.pk for message in messages], claimed_at=messages[0].claimed_at)
    not_given = ours.filter(status=Status.SENDING, given_at__isnull=True)
    not_given.update(status=Status.QUEUED, claimed_at=None, attempts=F("attempts") - 1, due_at=Least("due_at", now))


def _broke(message: Message, now: datetime) -> None:
    """A bug is no reason to stop the others, nor to try this one for ever; what was given is in doubt."""
    message.refresh_from_db()
    if message.given_at is None:
        _refused(message, TransportError("not given", code=send_errors.NOT_GIVEN, permanent=False, accepted=False), now)


def _give(message: Message, now: datetime) -> bool:
    with transaction.atomic(durable=True):  # committed before the call
        denial = gate.decide(message, now=now) or wire.no_room(message, now=now)
        not_given = _mine(message).filter(given_at__isnull=True)
        ours = not denial and claim(not_given, given_at=now, segments=message.segments)
    if denial:
        _give_back(message, denial, now)
    if not ours:
        return False
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
    delivery.record_accepted(message, status=receipt.status, sid=receipt.sid, now=now)
    offers.went_out(message, now=now)
    return True


def _ask_and_give(message: Message, during: Round) -> bool:
    """R143: the live invoice decides, and it is claimed after that, so that its claim is not older than it looks."""
    reserved = Message.objects.filter(pk=message.pk, status=Status.QUEUED, due_at=message.due_at)
    if _settled_at_stripe(message, reserved, during.now()):
        return False
    now = during.now()
    with transaction.atomic(durable=True):
        if not _claim(reserved, now):
            return False
    return _give_claimed(_with_facts([message.pk]), now, during) == 1


def _settled_at_stripe(message: Message, reserved: QuerySet[Message], now: datetime) -> bool:
    """Where Stripe cannot be asked, the message waits."""
    if message.enrolment is None:
        return False
    try:
        pointless = late_facts.no_longer_true_at_stripe(message.enrolment)
    except StripeUnavailable:
        reserved.update(due_at=now + late_facts.ASK_AGAIN_AFTER)
        return True
    except StripeRefused:
        with transaction.atomic():
            if claim(reserved, status=Status.HELD, reason="The invoice cannot be read at Stripe."):
                message.refresh_from_db()
                handovers.cannot_text(message, now=now)
        return True
    if pointless:
        claim(reserved, status=Status.DROPPED, reason=pointless.words)
    return pointless is not None


def _give_back(message: Message, denial: gate.Denial, now: datetime) -> None:
    """Denied at the last moment: nothing was sent, so the attempt does not count."""
    back = {"status": Status.QUEUED, "claimed_at": None, "attempts": F("attempts") - 1}
    with transaction.atomic():
        if claim(_mine(message).filter(given_at__isnull=True), due_at=denial.retry_at or now, **back):
            message.refresh_from_db()
            put(message, denial, now=now)


def _refused(message: Message, error: TransportError, now: datetime) -> None:
    mine = _mine(message)
    if error.accepted is None:
        mine.update(status=Status.UNKNOWN, error_code=error.code[:20], reason="The carrier's answer was lost.")
        return
    action, words = send_errors.action_for(error.code), send_errors.words_for(error.code)
    wait = _wait(message, action)
    with transaction.atomic():
        if action == Action.HALT:
            handovers.sender_halted(code=error.code, now=now)
        if wait:
            again = {"status": Status.QUEUED, "claimed_at": None, "given_at": None, "due_at": now + wait}
            mine.update(**again, error_code=error.code, reason=words)
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
