"""The pages of the settings: for managers and owners; going live and its papers for owners."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext_noop as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from common import clock, htmx
from common.access import EVERYWHERE, staff
from common.errors import Refused
from medspa.portal import shell
from medspa.portal.setup import checklist, connections, editing
from medspa.portal.setup.forms import (
    AgreementForm,
    HoursForm,
    LocationForm,
    OnCallForm,
    PracticeForm,
    ServiceForm,
)
from members import practice_setup
from members.models import BusinessAssociate, Location, OnCallContact, Practice, Service
from members.views import signed_in
from outreach import legal_tables

_READ_AND_WRITE = ["GET", "HEAD", "POST"]


@staff("manager", "owner", place=EVERYWHERE)
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    live_since = shell.of(request).live_since
    context = {"live_since": live_since, "missing": [] if live_since else checklist.missing(now=clock.now())}
    return htmx.render(request, "portal/setup/home.html", context)


@staff("manager", "owner", place=EVERYWHERE)
@require_http_methods(_READ_AND_WRITE)
def practice(request: HttpRequest) -> HttpResponse:
    row = Practice.objects.order_by("pk").first() or Practice()
    return editing.edit(request, PracticeForm, row, title=_("The practice"), back="portal:setup", done="portal:setup")


@staff("manager", "owner", place=EVERYWHERE)
@require_safe
def locations(request: HttpRequest) -> HttpResponse:
    rows = Location.objects.prefetch_related("business_hours")
    return htmx.render(request, "portal/setup/locations.html", {"locations": rows})


@staff("manager", "owner", place=EVERYWHERE)
@require_http_methods(_READ_AND_WRITE)
def location(request: HttpRequest, pk: int = 0) -> HttpResponse:
    """Address, zone, numbers and the weekly hours of one location, old or new."""
    row = get_object_or_404(Location, pk=pk) if pk else Location()
    hours = HoursForm(request.POST or None, location=row if pk else None)

    def also(saved: Any) -> None:
        by, now = signed_in.person(request), clock.now()
        practice_setup.set_hours(saved, hours.hours(), by=by, now=now)

    return editing.edit(
        request,
        LocationForm,
        row,
        title=row.name if pk else _("A new location"),
        back="portal:setup_locations",
        done="portal:setup_locations",
        beside=hours,
        also=also,
    )


@staff("manager", "owner", place=EVERYWHERE)
@require_safe
def services(request: HttpRequest) -> HttpResponse:
    return htmx.render(
        request, "portal/setup/services.html", {"services": Service.objects.order_by("category", "name")}
    )


@staff("manager", "owner", place=EVERYWHERE)
@require_http_methods(_READ_AND_WRITE)
def service(request: HttpRequest, pk: int = 0) -> HttpResponse:
    row = get_object_or_404(Service, pk=pk) if pk else Service()
    title = row.name if pk else "A new service"
    return editing.edit(
        request, ServiceForm, row, title=title, back="portal:setup_services", done="portal:setup_services"
    )


@staff("owner", place=EVERYWHERE)
@require_http_methods(_READ_AND_WRITE)
def agreements(request: HttpRequest) -> HttpResponse:
    return editing.register(
        request,
        AgreementForm,
        BusinessAssociate.objects.all(),
        title=_("Agreements with vendors"),
        here="portal:setup_agreements",
        words=_("Who handles patients' data for you has to sign a business associate agreement."),
    )


@staff("manager", "owner", place=EVERYWHERE)
@require_http_methods(_READ_AND_WRITE)
def on_call(request: HttpRequest) -> HttpResponse:
    return editing.register(
        request,
        OnCallForm,
        OnCallContact.objects.all(),
        title=_("On call"),
        here="portal:setup_on_call",
        words=_("Who is paged about a possible emergency, from the first to the last, until somebody answers."),
        numbered=True,
    )


@staff("manager", "owner", place=EVERYWHERE)
@require_http_methods(_READ_AND_WRITE)
def connected(request: HttpRequest) -> HttpResponse:
    """What is set. POST asks each of them whether it answers."""
    asked = request.method == "POST"
    rows = [
        {"connection": one, "problem": connections.check(one) if asked and one.is_set else None, "asked": asked}
        for one in connections.all_of_them()
    ]
    return htmx.render(request, "portal/setup/connections.html", {"rows": rows})


@staff("manager", "owner", place=EVERYWHERE)
@require_safe
def legal(request: HttpRequest) -> HttpResponse:
    """The tables as they are in force, each row with its source and review."""
    context = {"tables": legal_tables.as_shown(), "overdue": legal_tables.overdue(clock.now().date())}
    return htmx.render(request, "portal/setup/legal.html", context)


@staff("manager", "owner", place=EVERYWHERE)
@require_safe
def go_live(request: HttpRequest) -> HttpResponse:
    lines, practice = checklist.requirements(now=clock.now()), shell.of(request)
    context = {"lines": lines, "left": sum(not line.met for line in lines), "live_since": practice.live_since}
    return htmx.render(request, "portal/setup/go_live.html", context)


@staff("owner", place=EVERYWHERE)
@require_POST
def change_live(request: HttpRequest) -> HttpResponse:
    """Confirm a line, take a confirmation back, go live, or stop; `do` says which."""
    by, now = signed_in.person(request), clock.now()
    what, kind = request.POST.get("do", ""), request.POST.get("kind", "")
    try:
        if what == "start":
            practice_setup.go_live(missing=checklist.missing(now=now), by=by, now=now)
            messages.success(request, _("You are live: the automations that are switched on work from now on."))
        elif what == "stop":
            practice_setup.stop(by=by, now=now)
            messages.success(request, _("Stopped: nothing is sent by itself any more."))
        elif what == "take_back":
            practice_setup.take_back(kind, by=by, now=now)
        else:
            practice_setup.confirm(kind, by=by, now=now)
    except Refused as refused:
        messages.error(request, refused.message)
    return redirect("portal:setup_go_live")
