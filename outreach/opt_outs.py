"""An opt-out, from wherever it comes: kept for ever, and what was waiting for the number is dropped (R31, R32)."""

from datetime import datetime

from django.db import transaction

from members import consent
from outreach.models import Message

SMS = Message.Channel.SMS


# A notice is owed by law all the same: the gate keeps its text back, and it goes by e-mail or to a person (R103).
_STAYS = {
    SMS: [Message.Kind.EMERGENCY, Message.Kind.OPT_OUT, Message.Kind.ALERT, Message.Kind.NOTICE],
    Message.Channel.EMAIL: [Message.Kind.NOTICE],
}
_OF_THE_PHONE = (SMS, Message.Channel.VOICE)  # one word ends both (R30)


def record(*, address: str, wording: str, source: str, now: datetime, channel: str = SMS) -> bool:
    """Stop all texts and automated calls to the number, or all e-mail to the address.

    Returns False if it was opted out before; saying it twice is harmless.
    """
    of_the_phone = channel in _OF_THE_PHONE
    with transaction.atomic():
        fresh = not consent.is_opted_out(address, channel=channel)
        if fresh:
            consent.opt_out(address=address, channel=channel, wording=wording, source=source, now=now)
        channels = _OF_THE_PHONE if of_the_phone else (channel,)
        waiting = Message.objects.filter(address__iexact=address, channel__in=channels).not_given()
        waiting.exclude(kind__in=_STAYS[SMS if of_the_phone else Message.Channel.EMAIL]).update(
            status=Message.Status.DROPPED,
            reason="The patient opted out of texts." if of_the_phone else "The patient opted out of e-mails.",
        )
    return fresh
