"""R96: who was reached by the notice of another price may be moved to it; nobody else ever is.

The only module that knows a delivered notice -> a price move. The move itself is the floor below's.
"""

from datetime import date, datetime, timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Coalesce

from common.rounds import in_time
from members import price_changes, price_moves
from members.models import PriceChange, PriceMove
from outreach.models import Message, Sequence

_TIME_TO_BOUNCE = timedelta(days=1)


def follow_delivered(*, now: datetime, limit: int = 200) -> int:
    """Tell the floor below of each notice that arrived since. Returns how many were new."""
    known = PriceMove.objects.filter(membership=OuterRef("enrolment__membership"), told_at__gte=OuterRef("sent_at"))
    notices = Message.objects.filter(
        _arrived(now),
        ~Exists(known),
        enrolment__sequence__slug=Sequence.Slug.PRICE_CHANGE,
        sent_at__gt=now - timedelta(days=price_changes.notice().at_most),
    ).annotate(reached_at=Coalesce("delivered_at", "sent_at"))
    rows = notices.select_related("enrolment__membership__location", "enrolment__membership__patient").order_by("pk")
    return sum(_told(message, now) for message in in_time(list(rows[:limit])))


def _arrived(now: datetime) -> Q:
    """The carrier or mail service says so. A mail server alone never does: then no bounce within a day has to do."""
    arrived = Q(status=Message.Status.DELIVERED)
    if not settings.MAIL_PROVIDER:
        arrived |= Q(status=Message.Status.SENT, channel=Message.Channel.EMAIL, sent_at__lte=now - _TIME_TO_BOUNCE)
    return arrived


def _told(message: Message, now: datetime) -> bool:
    enrolment = message.enrolment
    change = PriceChange.objects.filter(pk=enrolment.signals.get("change")).first() if enrolment else None
    if enrolment is None or change is None:
        return False
    return price_moves.told(
        change=change,
        membership=enrolment.membership,
        charged_from=date.fromisoformat(enrolment.signals["changes_on"]),
        told_at=message.delivered_at or message.sent_at or now,
        now=now,
    )
