"""What goes to the carrier with a text: its whole words, how long it is worth sending, and whether there is room."""

from datetime import datetime

from django.conf import settings

from members import links
from outreach import budgets, gate, quiet_hours, wording
from outreach.models import Message
from outreach.wording import LINK

Kind = Message.Kind

_LONGEST_VALIDITY_SECONDS = 36_000  # Twilio's limit (R23)
_PROACTIVE = (Kind.SERVICING, Kind.MARKETING, Kind.NOTICE)


def full_text(message: Message) -> str:
    """The body with its link, whose token is stored nowhere."""
    return message.body.replace(LINK, links.url(message.link)) if message.link else message.body


def valid_seconds(message: Message, *, now: datetime) -> int | None:
    """Seconds after which the carrier must not deliver any more: the window's end, or an opt-out's five minutes
    (R23, R35). None: the carrier's own limit."""
    if message.kind == Kind.OPT_OUT:
        ends = message.created_at + gate.OPT_OUT_CONFIRMATION_WITHIN
    elif message.kind in _PROACTIVE:
        places = gate.places_for(message.patient, message.location, message.address)
        ends = quiet_hours.closes_at(now, places)
    else:
        return None
    return min(max(int((ends - now).total_seconds()), 1), _LONGEST_VALIDITY_SECONDS)


def no_room(message: Message, *, now: datetime) -> gate.Denial | None:
    """Why the sender may not give the carrier these segments now (R58, R75). An answer is counted and never waits.

    Sets `message.segments`, which the caller keeps.
    """
    if message.channel != Message.Channel.SMS:
        return None
    message.segments = segments = wording.segments(full_text(message)).count
    waits = message.kind in _PROACTIVE
    sender = settings.TWILIO_MESSAGING_SERVICE_SID or settings.TWILIO_FROM_NUMBER
    later = budgets.take(sender=sender, segments=segments, now=now, counts_to_the_day=waits)
    if later is None or not waits:
        return None
    places = gate.places_for(message.patient, message.location, message.address)
    words = "The sender has given the carrier all that it takes for now."
    denial = gate.Denial("carrier_budget", words, quiet_hours.next_allowed(later, places))
    gate.deny(message, denial, now=now, segments=segments)
    return denial
