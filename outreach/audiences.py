"""Named selections of members, as querysets: each one set-based statement, whatever the size of the practice."""

from datetime import UTC, date, datetime, time

from members.models import Membership
from members.models.memberships import MembershipQuerySet
from outreach.late_facts import BOOKED_AHEAD


def active(on: date) -> MembershipQuerySet:
    """Everybody with a membership that runs on that day."""
    return Membership.objects.filter(status=Membership.Status.ACTIVE, started_on__lte=on)


def unused_credits(on: date, now: datetime) -> MembershipQuerySet:
    """Active members with credits left and nothing booked from now (or the coming day `on`) to 30 days on."""
    begins = starts(on, now)
    return active(on).with_unused_credits().without_appointment(after=begins, until=begins + BOOKED_AHEAD)


def starts(on: date, now: datetime) -> datetime:
    """The moment from which a list for the day `on` looks ahead: now, or that day's beginning if it is to come."""
    return max(now, datetime.combine(on, time(), tzinfo=UTC))
