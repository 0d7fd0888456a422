"""The columns of a membership that sum up other rows: written by the verbs, compared with those rows each night."""

from datetime import datetime

from django.db.models import Max, Min, Q

from members.models import Membership, Visit


def settle_visits(patient_pk: int, *, now: datetime) -> None:
    """Bring last visit and next appointment of the patient's memberships up to date, in the caller's transaction."""
    seen = Visit.objects.filter(patient=patient_pk).aggregate(
        last=Max("starts_at", filter=Q(status=Visit.Status.COMPLETED, starts_at__lte=now)),
        coming=Min("starts_at", filter=Q(status__in=Visit.HOLDS_TIME, starts_at__gt=now)),
    )
    Membership.objects.filter(patient=patient_pk).update(last_visit_at=seen["last"], next_appointment_at=seen["coming"])
