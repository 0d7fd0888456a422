"""The week: its rounds, their dry runs and runs, the go-live switches and the kill switches."""

from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import OuterRef, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_POST, require_safe

from common import clock, htmx
from common.access import EVERYWHERE, SHARED, places_of, staff
from common.errors import Refused
from members import places
from members.models import Location, Practice
from members.views import signed_in
from outreach import automations, cadence, promotions, switches
from outreach.cadence import calendar, reasons, rounds
from outreach.models import CadencePlan, KillSwitch, Promotion, Sequence, Suppression

_ROWS = 25
_RECENT = 8


@staff(place=SHARED)
@require_safe
def week(request: HttpRequest) -> HttpResponse:
    now, practice = clock.now(), Practice.current()
    first = Location.objects.order_by("pk").first()
    zone = first.time_zone if first else "UTC"
    made = places.within(CadencePlan.objects.select_related("location"), places_of(request), "location")
    plans = list(made.order_by("-made_at")[:_RECENT])
    for each in plans:
        each.title = rounds.of_plan(each.which).title  # type: ignore[attr-defined]
    context = {
        "now": now,
        "zone": zone,
        "days": calendar.week(now=now, zone=zone, at=places_of(request)),
        "rounds": _rounds(now, zone, places_of(request)),
        "plans": plans,
        "automations": automations.listed(practice),
        "thrown": switches.thrown(),
        "scopes": KillSwitch.Scope.choices,
        "locations": Location.objects.order_by("name"),
        "sequences": Sequence.objects.order_by("name"),
        "promotion": promotions.current(now=now),
        "promotion_kinds": Promotion.Kind.choices,
        # A number says nothing of its location: only who works at all of them sees the list.
        "suppressed": Suppression.objects.filter(lifted_at__isnull=True)[:_RECENT] if _is_everywhere(request) else (),
        "may_act": _may_act(request),
    }
    return htmx.render(request, "outreach/cadence.html", context)


@staff("manager", "owner", place=EVERYWHERE)
@require_POST
def dry_run(request: HttpRequest) -> HttpResponse:
    """Plan a round as of today; nobody is enrolled."""
    location = Location.objects.filter(pk=_number(request.POST.get("location"))).first()
    now = clock.now()
    zone = location or Location.objects.order_by("pk").first()
    on = clock.local_date(now, zone.time_zone) if zone else now.date()
    try:
        planned = cadence.plan(request.POST.get("which", ""), on=on, now=now, location=location)
    except Refused as refused:
        messages.error(request, refused.message)
        return redirect("outreach:cadence")
    return redirect("outreach:plan", pk=planned.row.pk)


@staff(place=lambda *, pk: places.of(CadencePlan, pk, "location"))
@require_safe
def plan(request: HttpRequest, pk: int) -> HttpResponse:
    """Who would get what, and who not and why."""
    row = get_object_or_404(CadencePlan.objects.select_related("location"), pk=pk)
    here = places_of(request)
    to_enrol = Paginator(places.within(cadence.chosen(row), here, "membership__location"), _ROWS).get_page(
        request.GET.get("page")
    )
    skipped = Paginator(places.within(cadence.skipped(row), here, "membership__location"), _ROWS).get_page(
        request.GET.get("skipped")
    )
    first, is_by_hand = row.location or Location.objects.order_by("pk").first(), row.which == rounds.BY_HAND
    context = {
        "plan": row,
        "round": rounds.of_plan(row.which),
        "zone": first.time_zone if first else "UTC",
        "to_enrol": to_enrol,
        "planned": list(cadence.preview(to_enrol)),
        "skipped": skipped,
        "why_not": list(cadence.why_not(skipped)),
        "reasons": [(reasons.in_general(why, row.which), count) for why, count in cadence.counted(row)],
        "by_hand": Sequence.objects.filter(pk=row.lines.values("sequence")[:1]).first() if is_by_hand else None,
        "may_act": _may_act(request),
    }
    return htmx.render(request, "outreach/plan.html", context)


@staff("manager", "owner", place=EVERYWHERE)
@require_POST
def run(request: HttpRequest, pk: int) -> HttpResponse:
    """Enrol exactly the members of the plan."""
    row = get_object_or_404(CadencePlan, pk=pk)
    if row.ran_at:
        messages.info(request, gettext_noop("This plan was run before; nobody was enrolled twice."))
        return redirect("outreach:plan", pk=pk)
    enrolled = cadence.run(cadence.Plan(row), actor=signed_in.actor(request), now=clock.now())
    members_ = "member was" if enrolled == 1 else "members were"
    messages.success(
        request, f"{enrolled} {members_} enrolled. The first texts go out within minutes, where it is day."
    )
    return redirect("outreach:plan", pk=pk)


@staff("manager", "owner", place=EVERYWHERE)
@require_POST
def turn(request: HttpRequest) -> HttpResponse:
    """The go-live switch of one automation."""
    on = request.POST.get("on") == "yes"
    try:
        automations.turn(
            switch=request.POST.get("automation", ""), on=on, by=signed_in.person(request), now=clock.now()
        )
    except Refused as refused:
        messages.error(request, refused.message)
    return redirect("outreach:cadence")


@staff("manager", "owner", place=EVERYWHERE)
@require_POST
def throw(request: HttpRequest) -> HttpResponse:
    """Stop everything, all automation, one location or one sequence, at once."""
    asked = request.POST
    scope, _, target = asked.get("scope", "").partition(":")
    location = Location.objects.filter(pk=_number(target)).first() if scope == "location" else None
    sequence = Sequence.objects.filter(pk=_number(target)).first() if scope == "sequence" else None
    try:
        if scope not in KillSwitch.Scope.values:
            raise Refused(gettext_noop("Choose what is to be stopped."), code="no_target")
        switches.throw(
            scope=scope,
            reason=asked.get("reason", ""),
            by=signed_in.person(request),
            now=clock.now(),
            location=location,
            sequence=sequence,
        )
    except Refused as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, gettext_noop("Stopped. What is due waits until you let it go on."))
    return redirect("outreach:cadence")


@staff("manager", "owner", place=EVERYWHERE)
@require_POST
def lift(request: HttpRequest, pk: int) -> HttpResponse:
    switch = get_object_or_404(KillSwitch, pk=pk)
    if switches.lift(switch=switch, by=signed_in.person(request), now=clock.now()):
        messages.success(request, gettext_noop("It goes on. What waited is asked anew before it goes out."))
    return redirect("outreach:cadence")


def _rounds(now: datetime, zone: str, at: Collection[int] | None) -> list[dict[str, Any]]:
    """Each round with its last run, at these locations, and the day of its next one."""
    ran = places.within(CadencePlan.objects.filter(ran_at__isnull=False), at, "location")
    newest = ran.filter(which=OuterRef("which")).order_by("-ran_at", "-pk").values("pk")[:1]
    last = {plan.which: plan for plan in ran.filter(pk=Subquery(newest))}
    local = clock.local(now, zone)
    return [
        {"which": which, "round": round_, "last": last.get(which), "next": _next(round_, local)}
        for which, round_ in cadence.ROUNDS.items()
    ]


def _next(round_: Any, local: datetime) -> date:
    """The next local day on which the clock runs it."""
    for ahead in range(8):
        day = local.date() + timedelta(days=ahead)
        if day.weekday() in round_.weekdays and (ahead or local.hour < round_.hour):
            return day
    return local.date()


def _may_act(request: HttpRequest) -> bool:
    return signed_in.leads_everywhere(request)


def _is_everywhere(request: HttpRequest) -> bool:
    return places_of(request) is None


def _number(written: str | None) -> int:
    return int(written) if written and written.isdecimal() and len(written) < 10 else 0
