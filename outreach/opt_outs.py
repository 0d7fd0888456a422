"""An opt-out, from wherever it comes: kept for ever, and what was waiting for the number is dropped (R31, R32)."""

from datetime import datetime

from django.db import transaction

from members import consent
from outreach.models import Message

SMS = Message.Channel.SMS


def record(*, address: str, wording: str, source: str, now: datetime) -> bool:
    """Stop all texts to the number. Returns False if it was opted out before; saying it twice is harmless."""
    with transaction.atomic():
        fresh = not consent.is_opted_out(address, channel=SMS)
        if fresh:
            consent.opt_out(address=address, channel=SMS, wording=wording, source=source, now=now)
        waiting = Message.objects.filter(address=address, status=Message.Status.QUEUED, channel=SMS)
        waiting.exclude(kind__in=[Message.Kind.EMERGENCY, Message.Kind.OPT_OUT]).update(
            status=Message.Status.DROPPED, reason="The patient opted out of texts."
        )
    return fresh
