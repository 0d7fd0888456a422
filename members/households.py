"""Who lives with whom: the people who may share what a plan lets a household share."""

from datetime import datetime

from django.db import transaction

from common.errors import Refused
from members import audit
from members.models import Household, Patient


def join(*, patient: Patient, other: Patient, actor: str, now: datetime) -> Household:
    """Put `patient` into the household of `other`; the first two found it. Raises Refused where both have one."""
    if patient.pk == other.pk:
        raise Refused("Choose somebody else: a household has at least two people.", code="same_person")
    with transaction.atomic():
        # In key order, so that two desks that join the same two people do not wait for each other.
        rows = Patient.objects.select_for_update().filter(pk__in=[patient.pk, other.pk]).order_by("pk")
        locked = {row.pk: row for row in rows}
        patient, other = locked[patient.pk], locked[other.pk]
        if patient.household_id and patient.household_id != other.household_id:
            raise Refused(f"{patient} is in another household. Take {patient} out of it first.", code="has_household")
        household = other.household or Household.objects.create(name=f"{other.last_name} household", formed_at=now)
        for each in (patient, other):
            if each.household_id != household.pk:
                each.household = household
                each.save(update_fields=["household"])
                _trace("joined", each, household.pk, actor, now)
    return household


def leave(*, patient: Patient, actor: str, now: datetime) -> None:
    """Take `patient` out; who would be left alone is out too. Raises Refused for somebody in no household."""
    with transaction.atomic():
        household = Household.objects.select_for_update().filter(people=patient).first()
        if household is None:
            raise Refused(f"{patient} is in no household.", code="no_household")
        people = list(household.people.all())
        for each in people if len(people) <= 2 else [patient]:
            Patient.objects.filter(pk=each.pk).update(household=None)
            _trace("left", each, household.pk, actor, now)


def _trace(act: str, patient: Patient, household_pk: int, actor: str, now: datetime) -> None:
    audit.record(f"household.{act}", actor=actor, patient=patient, now=now, data={"household": household_pk})
