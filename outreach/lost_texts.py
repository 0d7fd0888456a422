"""Texts that an outage of our webhook lost: the carrier lists what it took, we take in what is new to us (R71)."""

import logging
from datetime import datetime, timedelta

from common.rounds import in_time
from outreach import inbound, transports
from outreach.models import Message

log = logging.getLogger(__name__)

LOOKS_BACK = timedelta(hours=24)


def take_in(*, now: datetime) -> int:
    """Returns how many were new. Each is answered, or given to a person, by the round that finds unanswered texts."""
    listed = transports.sms().received(since=now - LOOKS_BACK)
    known = set(
        Message.objects.filter(provider_sid__in=[text.sid for text in listed]).values_list("provider_sid", flat=True)
    )
    found = 0
    for text in in_time([text for text in listed if text.sid not in known]):
        try:
            found += inbound.receive(
                sid=text.sid,
                sender=text.sender,
                recipient=text.recipient,
                body=text.body,
                media_count=text.media_count,
                opt_out_type="",
                now=now,
            ).is_new
        except Exception:
            log.exception("lost text not taken in")  # the next one still gets its turn
    return found
