"""The go-live switch of each automation (settled.md): concierge, nudges and recovery begin on, the others off."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_noop

from common.errors import Refused
from members import audit
from members.models import Practice, StaffUser


@dataclass(frozen=True)
class Automation:
    """`switch`: its column of Practice."""

    switch: str
    name: str
    what: str
    is_on: bool


_ALL = (
    ("concierge_on", gettext_noop("Concierge"), gettext_noop("Answers what patients text.")),
    ("recovery_on", gettext_noop("Payment recovery"), gettext_noop("Follows failed payments and expiring cards.")),
    ("nudges_on", gettext_noop("Nudges"), gettext_noop("Writes to members who do not use what they pay for.")),
    ("upgrades_on", gettext_noop("Upgrades"), gettext_noop("Tells busy members what the next membership adds.")),
    ("win_back_on", gettext_noop("Win-back"), gettext_noop("Writes to members who left or stayed paused.")),
)


def listed(practice: Practice) -> list[Automation]:
    return [Automation(switch, name, what, bool(getattr(practice, switch))) for switch, name, what in _ALL]


def turn(*, switch: str, on: bool, by: StaffUser, now: datetime) -> None:
    """Turn one on or off; what is queued is asked again before it goes out. Raises Refused for an unknown switch."""
    if switch not in {known for known, _, _ in _ALL}:
        raise Refused(gettext_noop("There is no such automation."), code="no_automation")
    with transaction.atomic():
        practice = Practice.objects.select_for_update().get(pk=Practice.current().pk)
        if getattr(practice, switch) == on:
            return
        setattr(practice, switch, on)
        practice.save(update_fields=[switch])
        data = {"automation": switch, "on": on}
        audit.record("automation.turned", actor=f"staff:{by.pk}", patient=None, now=now, data=data)
