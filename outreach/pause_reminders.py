"""R99: a pause whose end was not announced does not end by itself: it is held at Stripe, and a person sees to it.

The daily round tells of the end eight days ahead (`audiences/due.py`). Who was reached by none of it, three days before
the payment, is not charged: consent to the pause was consent to a reminder too.
"""

import logging
from datetime import datetime, timedelta

from common import clock
from common.rounds import in_time
from members import joining
from members.models import Membership, Quote
from members.stripe_gateway import StripeUnavailable
from outreach.models import Message, Sequence

log = logging.getLogger(__name__)

_LAST_CALL = timedelta(days=3)
# Whoever agreed to the pause so near its end has just read the day and the price.
_JUST_READ = timedelta(days=8)
_TOLD = (Message.Status.SENT, Message.Status.DELIVERED)


def hold_unannounced(*, now: datetime, limit: int = 50) -> int:
    """Hold the pauses that end within three days and of whose end nothing reached who pays. Returns how many."""
    ending = Membership.objects.filter(
        status=Membership.Status.PAUSED,
        paused_until__gt=now,
        paused_until__lte=now + _LAST_CALL,
        stripe_subscription_id__isnull=False,
    ).select_related("patient", "location", "plan_version")
    held = 0
    for membership in in_time([each for each in ending[:limit] if not _was_told(each)]):
        try:
            held += joining.hold_pause(membership=membership, now=now)
        except StripeUnavailable:
            log.warning("a pause could not be held", extra={"membership": membership.pk})  # the next round tries again
    return held


def _was_told(membership: Membership) -> bool:
    until = membership.paused_until
    if until is None:
        return False
    day = clock.local_date(until, membership.location.time_zone)
    reminders = Message.objects.filter(
        enrolment__membership=membership,
        enrolment__sequence__slug=Sequence.Slug.PAUSE_ENDING,
        enrolment__cause=f"pause:{day.isoformat()}",
        status__in=_TOLD,
    )
    agreed = membership.quotes.filter(act=Quote.Act.PAUSE, state=Quote.State.DONE, settled_at__gt=until - _JUST_READ)
    return reminders.exists() or agreed.exists()
