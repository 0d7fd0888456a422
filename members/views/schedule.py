"""The desk's schedule: a day or a week of one location, what became of each visit, and booking for a patient."""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from common import clock
from common.access import places_of, staff
from common.errors import Refused
from members import arrivals, booking, scheduling, visits
from members import places as whose
from members.models import Location, Patient, Service, Visit
from members.scheduling import Opening, SchedulerError
from members.views import signed_in

_DAY = timedelta(days=1)
_ACTS = {
    "complete": (visits.complete, gettext_noop("marked as completed")),
    "no_show": (visits.miss, gettext_noop("marked as a no-show")),
    "reopen": (visits.reopen, gettext_noop("back to booked")),
    "confirm": (visits.confirm, "confirmed"),
}


@staff()
@require_safe
def schedule(request: HttpRequest) -> HttpResponse:
    """`?location=`, `?day=` (ISO) and `?span=week`; today at the first location without them."""
    now = clock.now()
    here = places_of(request)
    places = [one for one in Location.objects.order_by("name") if here is None or one.pk in here]
    if not places:
        return render(request, "members/schedule.html", {"places": [], "now": now})
    place = next((one for one in places if str(one.pk) == request.GET.get("location", "")), places[0])
    span = "week" if request.GET.get("span") == "week" else "day"
    first = _first(_day(request.GET.get("day", ""), clock.local_date(now, place.time_zone)), span)
    length = 7 if span == "week" else 1
    begins, ends = (_midnight(first + number * _DAY, place) for number in (0, length))
    rows = arrivals.flagged(Visit.objects.filter(location=place, starts_at__gte=begins, starts_at__lt=ends), now=now)
    context = {
        "now": now,
        "places": places,
        "place": place,
        "zone": place.time_zone,
        "span": span,
        "first": first,
        "before": first - length * _DAY,
        "after": first + length * _DAY,
        "days": [_of_day(first + number * _DAY, place, rows) for number in range(length)],
        "missed": arrivals.missed_lately(place, now=now),
    }
    return render(request, "members/schedule.html", context)


@staff(place=whose.of_visit)
@require_POST
def act(request: HttpRequest, pk: int) -> HttpResponse:
    """One button of a visit; back to where it was pressed, with what came of it."""
    visit = get_object_or_404(Visit.objects.select_related("patient", "replaces", "location", "service"), pk=pk)
    actor, now, wanted = signed_in.actor(request), clock.now(), request.POST.get("act", "")
    try:
        if wanted in ("cancel", "call_off"):
            visits.cancel(visit=visit, actor=actor, now=now, by_patient=wanted == "cancel")
            done = "cancelled"
        elif wanted in _ACTS:
            verb, done = _ACTS[wanted]
            verb(visit=visit, actor=actor, now=now)
        else:
            raise Refused(gettext_noop("Choose what became of the visit."), code="no_act")
        messages.success(request, f"{visit.patient}: {done}.")
    except Refused as refused:
        messages.error(request, refused.message)
    return redirect(_back(request))


@staff(place=whose.of_patient)
@require_http_methods(["GET", "HEAD", "POST"])
def book(request: HttpRequest, pk: int) -> HttpResponse:
    """Book for a patient at the desk: service, then a free time. `?service=`; POST `slot` books it."""
    patient = get_object_or_404(Patient.objects.select_related("home_location"), pk=pk)
    now = clock.now()
    services = Service.objects.filter(providers__location=patient.home_location).distinct().order_by("name")
    named = (request.POST if request.method == "POST" else request.GET).get("service", "")
    service = next((one for one in services if str(one.pk) == named), None)
    context: dict[str, Any] = {"patient": patient, "services": services, "service": service}
    try:
        if service and request.method == "POST":
            visit = _book(patient, service, request.POST.get("slot", ""), signed_in.actor(request), now)
            messages.success(request, f"Booked {visit.service} for {patient}.")
            return redirect(reverse("members:detail", args=[patient.pk]))
        if service:
            context["times"] = booking.times(patient, service, use_by=None, now=now)
    except Refused as refused:
        context["refused"] = refused.message
    except SchedulerError:
        context["refused"] = "The scheduler does not answer now. Nothing was booked; try again in a minute."
    return render(request, "members/book.html", context, status=409 if "refused" in context else 200)


def _book(patient: Patient, service: Service, slot: str, actor: str, now: datetime) -> Visit:
    found = booking.times(patient, service, use_by=None, now=now)
    free: list[Opening] = [opening for _, openings in found.days for opening in openings]
    chosen = next((opening for opening in free if opening.name == slot), None)
    if chosen is None:
        raise Refused(gettext_noop("That time was just taken. Choose another one."), code="slot_taken")
    return scheduling.get().book(patient=patient, opening=chosen, actor=actor, now=now)


def _of_day(day: date, place: Location, rows: list[arrivals.Arrival]) -> dict[str, Any]:
    noon = datetime.combine(day, time(12), tzinfo=ZoneInfo(place.time_zone))
    closure = next((one for one in place.closures.all() if one.on == day), None)
    theirs = [row for row in rows if clock.local_date(row.visit.starts_at, place.time_zone) == day]
    return {"noon": noon, "day": day, "rows": theirs, "hours": place.hours_on(noon), "closure": closure}


def _day(written: str, default: date) -> date:
    try:
        day = date.fromisoformat(written) if written else default
    except ValueError:
        raise Http404 from None
    if not 2000 <= day.year <= 2100:
        raise Http404
    return day


def _first(day: date, span: str) -> date:
    return day - timedelta(days=day.weekday()) if span == "week" else day


def _midnight(day: date, place: Location) -> datetime:
    return datetime.combine(day, time.min, tzinfo=ZoneInfo(place.time_zone))


def _back(request: HttpRequest) -> str:
    """To the page the button stood on, if it is one of ours."""
    wanted = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}, require_https=False)
    return wanted if ours and wanted.startswith("/") else reverse("members:schedule")
