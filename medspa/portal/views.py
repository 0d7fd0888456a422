"""Today: the first page of the day."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_noop as _
from django.views.decorators.http import require_safe

from common import clock, htmx
from common.access import places_of, staff
from medspa.portal import shell, week
from medspa.portal import today as facts


@staff()
@require_safe
def today(request: HttpRequest) -> HttpResponse:
    """What needs a person now, what is at risk, who comes in, what ran by itself."""
    now, here = clock.now(), places_of(request)
    zone = shell.of(request).zone
    local = clock.local(now, zone)
    arrivals = facts.arrivals(now=now, at=here)
    context = {
        "now": now,
        "greeting": _("Good morning")
        if local.hour < 12
        else _("Good afternoon")
        if local.hour < 17
        else _("Good evening"),
        "cases": facts.cases(now=now, at=here),
        "at_risk": facts.at_risk(at=here),
        "arrivals": arrivals,
        "to_come": [one for one in arrivals if not one.is_past],
        "earlier": [one for one in arrivals if one.is_past],
        "done": facts.automation(now=now, at=here),
        "week": week.rounds(now=now, zone=zone, at=here),
    }
    return htmx.render(request, "portal/today.html", context, partial="today")
