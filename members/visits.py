"""What visits mean for memberships: the columns that sum them up."""

from collections.abc import Collection
from datetime import datetime

from django.db.models import Max, Min, OuterRef, QuerySet, Subquery

from members.models import Membership, Visit


def refresh_memberships(patient_ids: Collection[int], *, now: datetime) -> None:
    """Bring last_visit_at and next_appointment_at of the patients' memberships up to date, in one statement."""
    theirs = Visit.objects.filter(patient=OuterRef("patient")).order_by()
    came = theirs.filter(status=Visit.Status.COMPLETED, starts_at__lte=now)
    coming = theirs.filter(status=Visit.Status.BOOKED, starts_at__gt=now)
    Membership.objects.filter(patient__in=patient_ids).update(
        last_visit_at=_of_all(came, Max("starts_at")), next_appointment_at=_of_all(coming, Min("starts_at"))
    )


def _of_all(visits: QuerySet[Visit], summed: Max | Min) -> Subquery:
    return Subquery(visits.values("patient").annotate(moment=summed).values("moment"))
