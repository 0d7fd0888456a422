"""Staff notes beside a conversation and on the member's page."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext_noop as _
from django.views.decorators.http import require_http_methods

from common import clock, htmx, phones, texts
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
    patient = get_object_or_404(Patient.objects.here().select_related("home_location"), pk=pk)
    back = reverse("members:detail", args=[pk])
    return _answer(request, patient, "", back, patient.home_location.time_zone)


@staff(place=_whose)
@require_http_methods(["GET", "HEAD", "POST"])
def of_conversation(request: HttpRequest, pk: int) -> HttpResponse:
    """The same beside a conversation, also of a number that nobody is known by."""
    conversation = get_object_or_404(Conversation.objects.select_related("patient__home_location"), pk=pk)
    patient, back = conversation.patient, reverse("concierge:inbox_thread", args=[pk])
    zone = patient.home_location.time_zone if patient else settings.TIME_ZONE
    return _answer(request, patient, conversation.phone, back, zone)


def _answer(request: HttpRequest, patient: Patient | None, phone: str, back: str, zone: str) -> HttpResponse:
    if request.method == "POST":
        _write(request, patient, phone)
        return redirect(back)
    actor = signed_in.actor(request)
    audit.record("patient.viewed", actor=actor, patient=patient, now=clock.now(), data={"page": "notes"})
    context = {
        "named": patient.full_name if patient else phones.readable(phone),
        "back": back,
        "notes": staff_notes.about(patient=patient, phone=phone),
        "note_address": request.path,
        "note_zone": zone,
    }
    return htmx.render(request, "concierge/notes_page.html", context, partial="notes")


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
        messages.success(request, _("The note is kept. Patients never see it."))


def _corrected(request: HttpRequest, patient: Patient | None, phone: str) -> StaffNote | None:
    """The note that the form names, which has to be about the same person."""
    written = request.POST.get("corrects", "")
    if not written:
        return None
    if not (written.isascii() and written.isdecimal() and len(written) < 19):
        raise Refused(_("That note is not here any more."), code="gone")
    kept = StaffNote.objects.about(patient=patient, phone=phone).filter(pk=written).first()
    if kept is None:
        raise Refused(_("That note is not here any more."), code="gone")
    return kept
