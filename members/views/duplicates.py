"""Patients who look like one: compare, join, take apart again."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_noop as _
from django.views.decorators.http import require_POST, require_safe

from common import clock
from common.access import EVERYWHERE, staff
from common.errors import Refused
from members import audit, consent, merging
from members.models import Patient, PatientMerge
from members.views import signed_in
from members.views.signed_in import LEADERS


@staff(*LEADERS, place=EVERYWHERE)
@require_safe
def candidates(request: HttpRequest) -> HttpResponse:
    """Pairs to look at, and the merges that can still be undone."""
    now = clock.now()
    pairs = merging.candidates()
    data = {"shown": len(pairs), "by": ["duplicates"]}
    audit.record("patients.searched", actor=signed_in.actor(request), patient=None, now=now, data=data)
    context = {"pairs": pairs, "merges": merging.undoable(now=now), "now": now}
    return render(request, "members/duplicates.html", context)


@staff(*LEADERS, place=EVERYWHERE)
@require_safe
def compare(request: HttpRequest, kept: int, gone: int) -> HttpResponse:
    """Both side by side, and what would move."""
    sides = _find(kept), _find(gone)
    context = {"kept": sides[0], "gone": sides[1], "sides": [_side(patient) for patient in sides]}
    try:
        context["moving"] = merging.preview(kept=sides[0], gone=sides[1])
    except Refused as refused:
        context["refused"] = refused.message
    for patient in sides:
        data = {"page": "compare"}
        audit.record("patient.viewed", actor=signed_in.actor(request), patient=patient, now=clock.now(), data=data)
    return render(request, "members/compare.html", context)


@staff(*LEADERS, place=EVERYWHERE)
@require_POST
def merge(request: HttpRequest, kept: int, gone: int) -> HttpResponse:
    """Join the two; the page of the one who stays follows."""
    try:
        merging.merge(kept=_find(kept), gone=_find(gone), by=signed_in.person(request), now=clock.now())
    except Refused as refused:
        messages.error(request, refused.message)
        return redirect("members:compare", kept=kept, gone=gone)
    messages.success(request, _("Merged. It can be undone for 30 days, under Duplicates."))
    return redirect("members:detail", pk=kept)


@staff(*LEADERS, place=EVERYWHERE)
@require_POST
def tell_apart(request: HttpRequest, kept: int, gone: int) -> HttpResponse:
    """They are two people."""
    merging.tell_apart(first=_find(kept), second=_find(gone), actor=signed_in.actor(request), now=clock.now())
    messages.success(request, _("Noted: they are two people. The pair is not shown again."))
    return redirect("members:duplicates")


@staff(*LEADERS, place=EVERYWHERE)
@require_POST
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a merge apart."""
    try:
        merging.undo(done=get_object_or_404(PatientMerge, pk=pk), by=signed_in.person(request), now=clock.now())
    except Refused as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, _("Undone. What was added since the merge stayed with the patient who was kept."))
    return redirect("members:duplicates")


def _find(pk: int) -> Patient:
    people = Patient.objects.select_related("home_location", "household").prefetch_related("phones", "emails")
    return get_object_or_404(people, pk=pk)


def _side(patient: Patient) -> list[tuple[str, str]]:
    membership = patient.memberships.select_related("plan").order_by("-started_on").first()
    stopped = [each for each in patient.addresses() if "@" not in each and consent.is_opted_out(each, channel="sms")]
    return [
        ("Name", patient.full_name),
        ("Born", f"{patient.birth_date:%b %d, %Y}" if patient.birth_date else "not known"),
        ("Reached at", ", ".join(patient.addresses()) or "nothing on file"),
        ("Opted out", ", ".join(stopped) or "no"),
        ("Membership", f"{membership.plan}, {membership.get_status_display()}" if membership else "none"),
        ("Visits", str(patient.visits.count())),
        ("Location", str(patient.home_location)),
        ("Since", f"{patient.joined_on:%b %d, %Y}"),
        ("Id in the scheduler", patient.external_id or "none"),
    ]
