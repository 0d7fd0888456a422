"""The booking page behind a patient's link: which credit, which time, one last question, booked; move and cancel too.

A look changes nothing: a time is kept only by a POST, so a handset's preview of the address keeps none (R152).
"""

import logging
from http import HTTPStatus
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from common import clock
from common.access import by_token
from common.errors import Refused
from members import booking, calendar_file, scheduling
from members.booking import Bookable
from members.models import PatientLink, Visit
from members.scheduling import SchedulerError
from members.views import patient_pages

logger = logging.getLogger(__name__)


def page(request: HttpRequest, link: PatientLink, token: str) -> HttpResponse:
    """One page in four states, told by the address: choose, confirm (?hold=), done (?visit=), cancel (?cancel=)."""
    asked = _Asked(request, link, token)
    try:
        if request.method == "POST":
            return patient_pages.private(_act(asked))
        return _show(asked)
    except Refused as refused:
        return _show(asked, refused=refused.message, status=HTTPStatus.CONFLICT)
    except SchedulerError:
        logger.exception("the booking page has no scheduler to ask")
        return patient_pages.page(request, "patient/no_times.html", asked.context(), HTTPStatus.SERVICE_UNAVAILABLE)


@by_token
@require_safe
def calendar(request: HttpRequest, token: str, pk: int) -> HttpResponse:
    """The link's owner's own appointment, for their calendar."""
    link = patient_pages.find(request, token)
    if isinstance(link, HttpResponse):
        return link
    visit = _Asked(request, link, token).own(str(pk)) if link.purpose == PatientLink.Purpose.BOOK else None
    if visit is None:
        raise Http404
    response = HttpResponse(calendar_file.of(visit, now=clock.now()), content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="appointment.ics"'
    return patient_pages.private(response)


class _Asked:
    """One request of the link's owner: what is theirs, and what the address or the form names of it."""

    def __init__(self, request: HttpRequest, link: PatientLink, token: str) -> None:
        self.request, self.token, self.now = request, token, clock.now()
        self.patient = link.membership.patient
        self.visits = list(booking.coming(self.patient, now=self.now))
        self.credits = booking.bookable(link.membership, now=self.now)

    @property
    def named(self) -> QueryDict:
        return self.request.POST if self.request.method == "POST" else self.request.GET

    def own(self, pk: str) -> Visit | None:
        return next((visit for visit in self.visits if str(visit.pk) == pk), None)

    @property
    def moving(self) -> Visit | None:
        return self.own(self.named.get("move", ""))

    def choice(self) -> Bookable | None:
        """What is to be booked: the service of the visit that is moved, the one that was chosen, else the first."""
        if self.moving:
            return Bookable(self.moving.service, 1, None)
        chosen = self.named.get("service", "")
        return next((each for each in self.credits if str(each.service.pk) == chosen), next(iter(self.credits), None))

    def address(self, **query: Any) -> str:
        words = QueryDict(mutable=True)
        words.update({key: str(value) for key, value in query.items() if value})
        home = reverse("members:link", args=[self.token])
        return f"{home}?{words.urlencode()}" if words else home

    def context(self) -> dict[str, Any]:
        return {
            **patient_pages.practice(),
            "token": self.token,
            "now": self.now,
            "zone": self.patient.home_location.time_zone,
            "location": self.patient.home_location,
            "visits": self.visits,
            "credits": self.credits,
            "moving": self.moving,
            "confirms": scheduling.get().confirms,
        }


def _act(asked: _Asked) -> HttpResponse:
    """One button, one verb; then back to the page by its address, so that a reload repeats nothing."""
    act, patient, now = asked.named.get("act", ""), asked.patient, asked.now
    actor = f"patient:{patient.pk}"
    moving = asked.moving.pk if asked.moving else ""
    if act == "keep" and (wanted := asked.choice()):
        slot = asked.named.get("slot", "")
        held = booking.keep(patient=patient, service=wanted.service, slot=slot, use_by=wanted.use_by, now=now)
        return redirect(asked.address(hold=held.pk, move=moving))
    if act == "let_go":
        scheduling.get().hold(patient=patient, openings=[], until=now, actor=actor, now=now)
        return redirect(asked.address(move=moving))
    if act == "take":
        hold = booking.kept(patient, _number(asked.named.get("hold", "")), now=now)
        if hold is None:
            raise Refused("We kept that time for ten minutes, which have passed. Please choose again.", code="let_go")
        visit = booking.take(hold=hold, instead_of=asked.moving, actor=actor, now=now)
        return redirect(asked.address(visit=visit.pk))
    if act == "cancel" and (visit_ := asked.own(asked.named.get("visit", ""))):
        scheduling.get().cancel(visit=visit_, actor=actor, now=now)
        return redirect(asked.address(cancelled="yes"))
    raise Refused("Please choose a time.", code="nothing_chosen")


def _show(asked: _Asked, *, refused: str = "", status: int = HTTPStatus.OK) -> HttpResponse:
    context = {**asked.context(), "refused": refused, "cancelled": "cancelled" in asked.request.GET and not refused}
    query = asked.request.GET
    hold = booking.kept(asked.patient, _number(query.get("hold", "")), now=asked.now)
    if refused:  # the form's answer: choose again
        hold = None
    if hold:
        return patient_pages.page(asked.request, "patient/book_confirm.html", {**context, "hold": hold})
    if not refused and (visit := asked.own(query.get("visit", ""))):
        return patient_pages.page(asked.request, "patient/booked.html", {**context, "visit": visit})
    if not refused and (visit := asked.own(query.get("cancel", ""))):
        return patient_pages.page(asked.request, "patient/book_cancel.html", {**context, "visit": visit})
    wanted = asked.choice()
    if wanted:
        found = booking.times(asked.patient, wanted.service, use_by=wanted.use_by, now=asked.now)
        context |= {"wanted": wanted, "times": found}
    return patient_pages.page(asked.request, "patient/book.html", context, status)


def _number(written: str) -> int:
    return int(written) if written.isdecimal() and len(written) < 16 else 0
