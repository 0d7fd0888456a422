"""The list of texts: what was said, to whom, whether it arrived, and why it was held."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from common import clock, tables
from common.access import places_of, staff
from members import places
from members.models import Location
from outreach import decision_words, plain_words
from outreach.forms import MessageFilter
from outreach.models import Message
from outreach.tables import MessageTable


@staff()
@require_safe
def messages(request: HttpRequest) -> HttpResponse:
    """All texts, newest first, filtered by sender, status, kind, sequence and period."""
    asked = MessageFilter(request.GET)
    # One clock for the whole list: rows of several zones side by side cannot be compared.
    first = Location.objects.order_by("pk").first()
    zone = first.time_zone if first else settings.TIME_ZONE
    here = places.within(Message.objects.all(), places_of(request), "patient__home_location")
    rows = asked.apply(here.select_related("patient"), now=clock.now(), zone=zone)
    table = MessageTable(rows, zone=zone, filtered=asked.asks)
    return tables.page(request, table, "outreach/messages.html", {"filter": asked, "clock_of": first})


@staff(place=lambda *, pk: places.of(Message, pk, "location", "patient__home_location"))
@require_safe
def message(request: HttpRequest, pk: int) -> HttpResponse:
    """One message with every decision of the gate about it: what was looked at, by which tables (R4)."""
    found = get_object_or_404(Message.objects.select_related("patient", "location", "enrolment__sequence"), pk=pk)
    place = found.location or Location.objects.order_by("pk").first()
    context = {
        "message": found,
        "kind": plain_words.KINDS[found.kind],
        "decisions": [decision_words.told(row) for row in found.decisions.order_by("-pk")],
        "zone": place.time_zone if place else settings.TIME_ZONE,
    }
    return render(request, "outreach/message.html", context)
