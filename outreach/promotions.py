"""What a win-back text may add: a bonus credit or an upgrade, with the day on which it ends (R102)."""

from datetime import date, datetime, timedelta

from common.errors import Refused
from members import audit
from members.models import Service, StaffUser
from outreach import spoken
from outreach.models import Promotion

# A text waits for its window for a week at most, so the end that it names is still ahead when it arrives.
_LONGEST_WAIT = timedelta(days=7)
_WORDS = {
    Promotion.Kind.BONUS_CREDIT: {
        "en": "Come back by {until} and a bonus credit is on us. ",
        "es": "Si vuelve antes del {until}, le regalamos un crédito. ",
    },
    Promotion.Kind.UPGRADE: {
        "en": "Come back by {until} and your first visit is upgraded. ",
        "es": "Si vuelve antes del {until}, mejoramos su primera visita. ",
    },
}


def current(*, now: datetime) -> Promotion | None:
    """The one that a text of this moment may name."""
    open_ = Promotion.objects.filter(withdrawn_at__isnull=True, ends_on__gt=(now + _LONGEST_WAIT).date())
    return open_.order_by("ends_on", "pk").first()


def sentence(language: str, *, now: datetime) -> str:
    """'' when there is none."""
    found = current(now=now)
    if found is None:
        return ""
    return _WORDS[Promotion.Kind(found.kind)][language].format(until=spoken.day(found.ends_on, language))


def make(*, kind: str, ends_on: date, by: StaffUser | None, now: datetime, service: Service | None = None) -> Promotion:
    """Raises Refused for an end that no text could name in time."""
    if ends_on <= (now + _LONGEST_WAIT).date():
        raise Refused("The offer ends too soon: a text may wait a week for its window.", code="ends_too_soon")
    made = Promotion.objects.create(kind=kind, service=service, ends_on=ends_on, made_at=now, made_by=by)
    actor = f"staff:{by.pk}" if by else "system"
    audit.record("promotion.made", actor=actor, patient=None, now=now, data={"promotion": made.pk, "kind": kind})
    return made


def withdraw(*, promotion: Promotion, by: StaffUser, now: datetime) -> bool:
    """No further text names it. Who was promised it keeps it. False if it was withdrawn before."""
    standing = Promotion.objects.filter(pk=promotion.pk, withdrawn_at__isnull=True)
    if not standing.update(withdrawn_at=now):
        return False
    audit.record("promotion.withdrawn", actor=f"staff:{by.pk}", patient=None, now=now, data={"promotion": promotion.pk})
    return True
