"""Visits and the ledger: a completed visit that the plan includes uses one credit, any other visit uses none.

Who moves a visit (scheduler, intake, desk) calls `settle` in the same transaction; calling it again changes nothing.
"""

from collections.abc import Iterator
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from common.errors import Refused
from members import credits
from members.models import CreditEntry, Membership, Visit

_WORDS = {
    Visit.Status.REQUESTED: "Visit not confirmed",
    Visit.Status.BOOKED: "Visit not completed",
    Visit.Status.CANCELLED: "Visit cancelled",
    Visit.Status.NO_SHOW: "No-show",
    Visit.Status.COMPLETED: "Another service was done",
}
# What an expiry took counts as there: the visit may have been in time.
_TAKEN = ~Q(uses__kind=CreditEntry.Kind.EXPIRE) & ~Q(uses__key__startswith=credits.LATE)


def settle(*, visit: Visit, actor: str, now: datetime) -> list[CreditEntry]:
    """Bring the ledger in line with the visit as it is in the database. Returns the entries written now.

    The credit is the patient's own, else a shareable one of the household; it must have lived when the visit was.
    """
    with transaction.atomic():
        visit = (
            Visit.objects.select_for_update(no_key=True, of=("self",))
            .select_related("service", "patient")
            .get(pk=visit.pk)
        )
        standing = in_force(visit)
        done = visit.status == Visit.Status.COMPLETED
        wrong = [entry for entry in standing if not done or entry.service_id != visit.service_id]
        reason = _WORDS[Visit.Status(visit.status)]
        written = [credits.reverse(entry=entry, actor=actor, reason=reason, now=now) for entry in wrong]
        if done and len(wrong) == len(standing):
            written += _use(visit, actor, now)
    return written


def in_force(visit: Visit) -> list[CreditEntry]:
    """The uses for this visit that were not given back."""
    uses = visit.credit_entries.filter(kind=CreditEntry.Kind.SPEND).select_related("membership__patient", "lot")
    given_back = set(visit.credit_entries.filter(kind=CreditEntry.Kind.REVERSE).values_list("key", flat=True))
    return [use for use in uses if f"reverse:{use.pk}" not in given_back]


def _use(visit: Visit, actor: str, now: datetime) -> list[CreditEntry]:
    """One credit of the first membership that has one to give; none where no plan includes the visit."""
    again = visit.credit_entries.filter(kind=CreditEntry.Kind.SPEND).count()
    for membership in _memberships(visit):
        try:
            return credits.spend(
                membership=membership,
                service=visit.service,
                key=f"visit:{visit.pk}:{again}" if again else f"visit:{visit.pk}",
                actor=actor,
                reason=f"Visit, {visit.service.name}",
                visit=visit,
                used_by=visit.patient if visit.patient_id != membership.patient_id else None,
                used_at=visit.ends_at,
                now=now,
            )
        except Refused:
            continue
    return []


def _memberships(visit: Visit) -> Iterator[Membership]:
    rows = Membership.objects.select_related("patient", "location", "plan")
    yield from rows.filter(patient=visit.patient_id).order_by("-started_on", "-pk")
    if visit.patient.household_id:
        others = rows.filter(patient__household=visit.patient.household_id).exclude(patient=visit.patient_id)
        yield from others.order_by("pk")


def out_of_line(rows: QuerySet[Visit]) -> QuerySet[Visit]:
    """Those of `rows` that the ledger does not follow: completed and a credit not used, or used and not completed.

    A credit counts that lived at the visit and that nothing else used since. The rules for pauses and unpaid invoices
    are not asked, so that staff see these visits too.
    """
    mine = Q(membership__patient=OuterRef("patient")) | Q(
        membership__patient__household=OuterRef("patient__household"), benefit__shareable=True
    )
    fits = Q(service=OuterRef("service")) | Q(service__isnull=True, benefit__services=OuterRef("service"))
    lots = (
        credits.with_end(CreditEntry.objects.filter(mine, fits, lot__isnull=True, occurred_at__lte=OuterRef("ends_at")))
        .filter(Q(end__isnull=True) | Q(end__gt=OuterRef("ends_at")))
        .annotate(used=Coalesce(Sum("uses__quantity", filter=_TAKEN), 0))
        .filter(quantity__gt=-F("used"))
    )
    net = CreditEntry.objects.filter(visit=OuterRef("pk")).order_by().values("visit").annotate(net=Sum("quantity"))
    counted = rows.annotate(used_net=Coalesce(Subquery(net.values("net")), 0))
    completed = Q(status=Visit.Status.COMPLETED)
    return counted.filter((completed & Q(used_net=0) & Exists(lots)) | (~completed & Q(used_net__lt=0)))
