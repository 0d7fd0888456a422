"""One patient's page. It composes rows of all floors, so the top floor serves it; its name is `members:detail`."""

from datetime import datetime
from typing import Any

from django.db.models import OuterRef, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from common import clock, htmx
from common.access import staff
from medspa.portal import timeline
from members import audit, places
from members.models import Escalation, Membership, Patient, Visit
from members.views import signed_in, standing

VISITS_SHOWN = 8
_LARGEST_KEY = 2**63 - 1  # what a key can be; SQLite raises for more


@staff(place=places.of_patient)
@require_safe
def page(request: HttpRequest, pk: int) -> HttpResponse:
    """Standing, visits, payments and the story of patient `pk`. Every look at it is on record (R116)."""
    now = clock.now()
    patient, membership = _find(pk)
    if patient.merged_into_id:
        return redirect("members:detail", pk=patient.merged_into_id)
    kind = request.GET.get("show", "")
    kind = kind if kind in timeline.KINDS else ""
    story = timeline.page(patient, kind=kind, number=_number(request.GET.get("page", "")))
    audit.record(
        "patient.viewed",
        actor=signed_in.actor(request),
        patient=patient,
        now=now,
        data={"page": "member", "show": kind},
    )
    context = {
        "now": now,
        "patient": patient,
        "story": story,
        "show": kind,
        "kinds": timeline.KINDS,
        "may_export": signed_in.leads(request),
    }
    if not htmx.is_htmx(request):
        context |= _panels(patient, membership, now)
    return htmx.render(request, "portal/member.html", context, partial="timeline")


def _panels(patient: Patient, membership: Membership | None, now: datetime) -> dict[str, Any]:
    """What stands beside the story; a turned page of the story does not need it."""
    recent = patient.visits.select_related("service", "location", "provider").order_by("-starts_at")
    visits = list(recent[:VISITS_SHOWN])
    upcoming = [visit for visit in visits if visit.starts_at > now and visit.status == Visit.Status.BOOKED]
    return {
        "standing": standing.of(patient, now=now, membership=membership),
        "upcoming": upcoming[::-1],
        "past": [visit for visit in visits if visit not in upcoming],
    }


def _find(pk: int) -> tuple[Patient, Membership | None]:
    """The patient with the number of an open case, if any, as `open_case`."""
    if pk > _LARGEST_KEY:
        raise Http404
    unresolved = Escalation.objects.exclude(state=Escalation.State.RESOLVED).order_by("severity", "due_at")
    case = Subquery(unresolved.filter(patient=OuterRef("patient")).values("pk")[:1])
    membership = standing.memberships_of(pk).annotate(open_case=case).first()
    if membership:
        membership.patient.open_case = membership.open_case  # type: ignore[attr-defined]
        return membership.patient, membership
    case = Subquery(unresolved.filter(patient=OuterRef("pk")).values("pk")[:1])
    patient = Patient.objects.select_related("home_location").annotate(open_case=case).filter(pk=pk).first()
    if patient is None:
        raise Http404
    return patient, None


def _number(written: str) -> int:
    return max(1, int(written)) if written.isdecimal() and len(written) < 6 else 1
