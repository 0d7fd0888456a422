"""Cases that need a person: the queue, one case with its conversation, and what staff do about it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages as notes
from django.db.models import OuterRef, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext_noop as _
from django.views.decorators.http import require_POST, require_safe

from common import clock, htmx, tables, texts
from common.access import places_of, staff
from common.errors import Refused
from concierge import handoff
from concierge.models import Conversation, Reminder
from concierge.tables import EscalationTable
from concierge.views import explained, suggested
from members import audit, escalations, places
from members.models import Escalation, StaffUser
from members.views import signed_in, standing
from outreach.models import Message

FOLDERS = {"open": _("Open"), "mine": _("Mine"), "resolved": _("Resolved")}
TEXTS_SHOWN = 60
PAGE = "concierge/escalation.html"

Verb = Callable[[Escalation, StaffUser, datetime], object]


@staff()
@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    """Open cases, mine, or resolved ones; emergencies first, then what is due first."""
    now = clock.now()
    folder = request.GET.get("folder", "")
    folder = folder if folder in FOLDERS else "open"
    cases = Escalation.objects.select_related("patient", "claimed_by", "resolved_by")
    if folder == "resolved":
        cases = cases.filter(state=Escalation.State.RESOLVED).order_by("-resolved_at")
    else:
        cases = cases.exclude(state=Escalation.State.RESOLVED).order_by("severity", "due_at")
    cases = places.within(cases, places_of(request), "location", "patient__home_location")
    if folder == "mine":
        cases = cases.filter(claimed_by=signed_in.person(request))
    table = EscalationTable(cases, now=now, folder=folder)
    return tables.page(request, table, "concierge/queue.html", {"folder": folder, "folders": FOLDERS})


@staff(place=places.of_case)
@require_safe
def escalation(request: HttpRequest, pk: int) -> HttpResponse:
    """One case. That a patient's data was looked at is on record (R116)."""
    case, now = _case(pk), clock.now()
    page = _page(request, case, now, suggestion=suggested.in_box(request, case.phone, now))
    audit.record(
        "patient.viewed",
        actor=signed_in.actor(request),
        patient=case.patient,
        now=now,
        data={"page": "escalation", "escalation": case.pk},
    )
    return page


@staff(place=places.of_case)
@require_safe
def transcript(request: HttpRequest, pk: int) -> HttpResponse:
    """The conversation alone, for the page's polling, 204 when it is as it was `seen`; without htmx, the whole page."""
    case, now = _case(pk), clock.now()
    if not htmx.is_htmx(request):
        return redirect("concierge:escalation", pk=pk)
    thread = _thread(case, now)
    if request.GET.get("seen") == thread["seen"]:
        return HttpResponse(status=204)  # nobody who reads further up is thrown to the end
    return htmx.render(request, PAGE, thread, partial="transcript")


@staff(place=places.of_case)
@require_safe
def state(request: HttpRequest, pk: int) -> HttpResponse:
    """Who has the case and what can be done, redrawn after an act elsewhere on the page."""
    if not htmx.is_htmx(request):
        return redirect("concierge:escalation", pk=pk)
    return htmx.render(request, PAGE, _state(request, _case(pk), clock.now()), partial="state")


@staff(place=places.of_case)
@require_POST
def claim(request: HttpRequest, pk: int) -> HttpResponse:
    return _act(request, pk, lambda case, by, now: escalations.claim(escalation=case, by=by, now=now))


@staff()
@require_safe
def alarm(request: HttpRequest) -> HttpResponse:
    """The emergencies that nobody has acknowledged, for every page's polling; without htmx, the queue."""
    if not htmx.is_htmx(request):
        return redirect("concierge:queue")
    alarming = Escalation.objects.alarming()
    alarms = list(places.within(alarming, places_of(request), "location", "patient__home_location")[:3])
    if request.GET.get("seen") == ",".join(str(case.pk) for case in alarms):
        return HttpResponse(status=204)  # drawn again, it would be read out again
    return htmx.render(request, "concierge/alarm.html", {"alarms": alarms})


@staff(place=places.of_case)
@require_POST
def acknowledge(request: HttpRequest, pk: int) -> HttpResponse:
    """The alarm is quiet, and the case open in front of whoever said so."""
    escalations.acknowledge(escalation=_case(pk), by=signed_in.person(request), now=clock.now())
    return redirect("concierge:escalation", pk=pk)


@staff(place=places.of_case)
@require_POST
def take_pen(request: HttpRequest, pk: int) -> HttpResponse:
    """The concierge falls silent for this number."""
    return _act(request, pk, lambda case, by, now: handoff.take_pen(phone=_phone(case), by=by, now=now))


@staff(place=places.of_case)
@require_POST
def give_back(request: HttpRequest, pk: int) -> HttpResponse:
    """The concierge answers this number again."""
    return _act(request, pk, lambda case, by, now: handoff.give_back(phone=_phone(case), by=by, now=now))


@staff(place=places.of_case)
@require_POST
def resolve(request: HttpRequest, pk: int) -> HttpResponse:
    """Close the case and go back to the queue."""
    case, now = _case(pk), clock.now()
    outcome = texts.storable(request.POST.get("outcome", ""))
    result = request.POST.get("result") or Escalation.Result.OTHER
    try:
        escalations.resolve(escalation=case, by=signed_in.person(request), outcome=outcome, result=result, now=now)
    except Refused as refused:
        return _page(request, case, now, partial="state", refused=refused.message, outcome=outcome, result=result)
    notes.success(request, "Case resolved.")
    if htmx.is_htmx(request):
        return HttpResponse(status=204, headers={"HX-Redirect": reverse("concierge:queue")})
    return redirect("concierge:queue")


@staff(place=places.of_case)
@require_POST
def reply(request: HttpRequest, pk: int) -> HttpResponse:
    """Text the patient. What was typed stays in the box when it could not be sent."""
    case, now = _case(pk), clock.now()
    body = texts.storable(request.POST.get("body", ""))
    try:
        if not body.strip():
            raise Refused(_("Write a reply first."), code="empty")
        handoff.reply(phone=_phone(case), body=body, by=signed_in.person(request), now=now, escalation=case)
    except Refused as refused:
        return _page(request, case, now, partial="reply", not_sent=refused.message, body=body)
    if not htmx.is_htmx(request):
        return redirect("concierge:escalation", pk=pk)
    drawn = htmx.render(request, PAGE, {"case": case}, partial="reply")
    drawn["HX-Trigger"] = "caseChanged"  # the other parts of the page redraw themselves
    return drawn


def _act(request: HttpRequest, pk: int, verb: Verb) -> HttpResponse:
    """Do it, then draw the case from fresh data; a refusal stands beside the buttons."""
    case, now = _case(pk), clock.now()
    try:
        verb(case, signed_in.person(request), now)
    except Refused as refused:
        return _page(request, case, now, partial="state", refused=refused.message)
    if not htmx.is_htmx(request):
        return redirect("concierge:escalation", pk=pk)
    return htmx.render(request, PAGE, _state(request, _case(pk), now), partial="state")


def _page(
    request: HttpRequest,
    case: Escalation,
    now: datetime,
    *,
    partial: str | None = None,
    suggestion: str = "",
    **said: str,
) -> HttpResponse:
    """The whole page, or after a refusal the part of it that was sent; `said` is what was refused and typed."""
    status = 409 if said else 200
    context: dict[str, Any] = {**_state(request, case, now), "body": suggestion, **said}
    if partial and htmx.is_htmx(request):
        return htmx.render(request, PAGE, context, partial=partial, status=status)
    context |= _thread(case, now)
    if case.patient:
        context["standing"] = standing.of(case.patient, now=now, phone=case.phone)
    return htmx.render(request, PAGE, context, status=status)


def _case(pk: int) -> Escalation:
    people = ("patient__home_location", "location", "claimed_by", "resolved_by", "acknowledged_by")
    last = Reminder.objects.filter(case=OuterRef("pk")).order_by("-pk")
    reminded = {
        "reminded_step": Subquery(last.values("step")[:1]),
        "reminded_at": Subquery(last.values("reminded_at")[:1]),
    }
    return get_object_or_404(Escalation.objects.select_related(*people).annotate(**reminded), pk=pk)


def _state(request: HttpRequest, case: Escalation, now: datetime) -> dict[str, Any]:
    conversation = (
        Conversation.objects.select_related("holder").filter(phone=case.phone).first() if case.phone else None
    )
    return {
        "case": case,
        "now": now,
        "zone": _zone(case),
        "conversation": conversation,
        "results": Escalation.Result.choices,
        "is_mine": case.claimed_by_id == signed_in.person(request).pk,
    }


def _thread(case: Escalation, now: datetime) -> dict[str, Any]:
    thread: list[Message] = []
    if case.phone:
        newest = Message.objects.filter(address=case.phone).order_by("-created_at", "-pk")
        thread = list(newest.select_related("author", "turn")[:TEXTS_SHOWN])[::-1]
    return {
        "case": case,
        "now": now,
        "zone": _zone(case),
        "texts": [explained.text(message) for message in thread],
        "seen": explained.seen(thread),
    }


def _zone(case: Escalation) -> str:
    """The clock that staff and patient share."""
    if case.patient:
        return case.patient.zone
    return case.location.time_zone if case.location else settings.TIME_ZONE


def _phone(case: Escalation) -> str:
    if not case.phone:
        raise Refused(_("This case has no phone number to text."), code="no_phone")
    return case.phone
