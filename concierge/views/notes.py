"""Staff notes beside a conversation and on the member's page."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods, require_POST

from common import clock, htmx, texts
from common.access import staff
from common.errors import Refused
from concierge import staff_notes
from concierge.models import Conversation, StaffNote
from members import audit, places
from members.models import Patient
from members.views import signed_in


def _whose(*, pk: int, **_rest: Any) -> places.Places:
    return places.of(Conversation, pk, "patient__home_location")


@staff(place=places.of_patient)
@require_http_methods(["GET", "HEAD", "POST"])
def of_member(request: HttpRequest, pk: int) -> HttpResponse:
    """The notes, which the member's page loads after itself; POST keeps one."""
    patient, now = get_object_or_404(Patient.objects.here().select_related("home_location"), pk=pk), clock.now()
    if request.method == "POST":
        _write(request, patient, "")
        return redirect("members:detail", pk=pk)
    actor = signed_in.actor(request)
    audit.record("patient.viewed", actor=actor, patient=patient, now=now, data={"page": "notes"})
    context = {
        "patient": patient,
        "notes": staff_notes.about(patient=patient),
        "note_address": request.path,
        "note_zone": patient.home_location.time_zone,
    }
    return htmx.render(request, "concierge/notes_page.html", context, partial="notes")


@staff(place=_whose)
@require_POST
def of_conversation(request: HttpRequest, pk: int) -> HttpResponse:
    conversation = get_object_or_404(Conversation.objects.select_related("patient"), pk=pk)
    _write(request, conversation.patient, conversation.phone)
    return redirect("concierge:inbox_thread", pk=pk)


def _write(request: HttpRequest, patient: Patient | None, phone: str) -> None:
    body = texts.storable(request.POST.get("note", ""))
    by = signed_in.person(request)
    try:
        staff_notes.write(
            patient=patient,
            phone=phone,
            body=body,
            by=by,
            now=clock.now(),
            corrects=_corrected(request, patient, phone),
        )
    except Refused as refused:
        messages.error(request, f"Not kept. {refused.message}")
    else:
        messages.success(request, "The note is kept. Patients never see it.")


def _corrected(request: HttpRequest, patient: Patient | None, phone: str) -> StaffNote | None:
    """The note that the form names, which has to be about the same person."""
    written = request.POST.get("corrects", "")
    if not written:
        return None
    if not (written.isascii() and written.isdecimal() and len(written) < 19):
        raise Refused("That note is not here any more.", code="gone")
    kept = StaffNote.objects.about(patient=patient, phone=phone).filter(pk=written).first()
    if kept is None:
        raise Refused("That note is not here any more.", code="gone")
    return kept
