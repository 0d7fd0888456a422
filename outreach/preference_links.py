"""The link to the page where a member chooses what they get."""

from datetime import datetime

from members import links
from members.models import Membership, Patient, PatientLink


def issue(patient: Patient | None, *, now: datetime) -> PatientLink | None:
    """A new link, by the newest membership; None for somebody who never had one, and for nobody we know."""
    newest = Membership.objects.filter(patient=patient).order_by("-pk").first() if patient else None
    if newest is None:
        return None
    return links.issue(membership=newest, purpose=PatientLink.Purpose.PREFERENCES, now=now)
