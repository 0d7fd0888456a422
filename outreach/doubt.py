"""What a crash or a lost answer left open: given back where the carrier was surely not called, else looked up there
before anything else (R73)."""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F

from common.claims import claim
from common.rounds import in_time
from outreach import delivery, handovers, transports, wire
from outreach.models import Message
from outreach.transports import TransportError

log = logging.getLogger(__name__)

Kind, Status = Message.Kind, Message.Status

BATCH = 200
_MOST_ATTEMPTS_IN_DOUBT = 2
_LONGEST_DOUBT = timedelta(hours=1)


def recover_stuck(*, now: datetime) -> int:
    """Settle what a crash or a timeout left in doubt by looking it up at the carrier. Returns how many were settled."""
    before = now - timedelta(seconds=settings.SEND_LEASE_SECONDS)
    stuck = Message.objects.filter(status=Status.SENDING, claimed_at__lt=before)
    not_given = {"status": Status.QUEUED, "claimed_at": None, "attempts": F("attempts") - 1}
    settled = stuck.filter(given_at__isnull=True).update(**not_given)
    stuck.filter(given_at__isnull=False).update(status=Status.UNKNOWN)
    in_doubt = Message.objects.filter(status=Status.UNKNOWN, claimed_at__lt=before)
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


def _settle(message: Message, now: datetime) -> bool:
    since = (message.claimed_at or message.created_at) - timedelta(seconds=5)
    found = transports.by(message.channel).find(to=message.address, body=wire.full_text(message), since=since)
    another = found and Message.objects.filter(provider_sid=found.sid).exclude(pk=message.pk).exists()
    if found and not another:
        return delivery.record_accepted(message, status=found.status, sid=found.sid, now=now)

    mine = Message.objects.filter(pk=message.pk, status=Status.UNKNOWN, claimed_at=message.claimed_at)
    # A text of the same words that belongs to another row may hide ours: then it stays at one, and a person looks.
    surely_not_there = not another
    if surely_not_there and message.kind != Kind.MARKETING and message.attempts < _MOST_ATTEMPTS_IN_DOUBT:
        return claim(mine, status=Status.QUEUED, claimed_at=None, given_at=None, due_at=now, reason="")
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
