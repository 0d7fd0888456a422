"""Half-typed words survive being signed out: saved while typed, put back into the field, dropped when sent."""

from datetime import datetime, timedelta

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_http_methods

from common import clock, redaction, texts
from common.access import SHARED, staff
from medspa.models import Draft
from members.views import signed_in

KEPT = timedelta(days=7)
_LONGEST = 4_000


@staff(place=SHARED)
@require_http_methods(["GET", "POST"])
def draft(request: HttpRequest) -> HttpResponse:
    """GET: {"text"} of one's own draft for `place`. POST: keep `text`; an empty one drops the draft."""
    mine = Draft.objects.filter(user=signed_in.person(request))
    if request.method == "GET":
        kept = mine.filter(place=texts.storable(request.GET.get("place", ""))).first()
        return JsonResponse({"text": kept.text if kept else ""})
    place = texts.storable(request.POST.get("place", ""))
    if not 0 < len(place) <= 200:
        return HttpResponse("Say which field: place, 1 to 200 characters.", status=400, content_type="text/plain")
    text = redaction.redact(texts.storable(request.POST.get("text", "")))[:_LONGEST]
    if text.strip():
        values = {"text": text, "saved_at": clock.now()}
        Draft.objects.update_or_create(user=signed_in.person(request), place=place, defaults=values)
    else:
        mine.filter(place=place).delete()
    return HttpResponse(status=204)


def forget_old(*, now: datetime) -> int:
    """Drop drafts that nobody came back to. Returns how many."""
    return Draft.objects.filter(saved_at__lte=now - KEPT).delete()[0]
