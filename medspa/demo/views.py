"""The phonebook: patients' phones, to see what they see and to type what they type. Only where the demo is on."""

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from common import clock, htmx, phones
from common.access import demo_only
from common.errors import Refused
from medspa.demo import acts, handsets, telephone, years
from medspa.demo.stories import STORIES
from members.models import Membership, Practice
from outreach.transports import phonebook as carrier

PER_PAGE = 25
_LONGEST_TEXT = 1600


@demo_only
@require_safe
def phonebook(request: HttpRequest) -> HttpResponse:
    now = clock.now()
    chosen, search = request.GET.get("show", "all"), _clean(request.GET.get("q", ""))[:60]
    page = Paginator(handsets.phonebook(chosen=chosen, search=search, now=now), PER_PAGE).get_page(
        request.GET.get("page")
    )
    kept = urlencode({"show": chosen, "q": search})
    context = {"page": page, "chosen": chosen, "search": search, "kept": kept, "filters": handsets.FILTERS}
    return htmx.render(request, "demo/phonebook.html", {**context, **_around(), "stories": STORIES}, partial="phones")


@demo_only
@require_safe
def find(request: HttpRequest) -> HttpResponse:
    """Any number may text the practice, also one that nobody has."""
    try:
        return redirect("demo:handset", number=phones.to_e164(request.GET.get("number", "")))
    except Refused as refusal:
        messages.error(request, refusal.message)
        return redirect("demo:phonebook")


@demo_only
@require_safe
def handset(request: HttpRequest, number: str) -> HttpResponse:
    return render(request, "demo/handset.html", _phone(number))


@demo_only
@require_safe
def transcript(request: HttpRequest, number: str) -> HttpResponse:
    """The thread alone, for the page that asks every two seconds; 204 when it looks the same as what was seen."""
    bubbles = handsets.thread(_known(number))
    if request.GET.get("seen") == handsets.seen(bubbles):
        return HttpResponse(status=204)
    context = {"bubbles": bubbles, "seen": handsets.seen(bubbles), "zone": handsets.zone_of(handsets.people(number))}
    return render(request, "demo/handset.html#thread", context)


@demo_only
@require_safe
def standing(request: HttpRequest, number: str, pk: int) -> HttpResponse:
    """The facts of one membership alone: what a text or a charge moved is seen without a reload."""
    owners = Membership.objects.select_related("plan", "plan_version", "patient__home_location")
    membership = get_object_or_404(owners, pk=pk, patient__phones__number=_known(number))
    return render(request, "demo/handset.html#standing", {"membership": membership, "zone": membership.patient.zone})


@demo_only
@require_POST
def type_text(request: HttpRequest, number: str) -> HttpResponse:
    """The patient sends a text; it goes through our real inbound webhook, signed."""
    body = _clean(request.POST.get("body", ""))[:_LONGEST_TEXT]
    if body:
        carrier.type_text(_known(number), body, clock.now())
    if not htmx.is_htmx(request):
        return redirect("demo:handset", number=number)
    return render(request, "demo/handset.html#phone", _phone(number))


@demo_only
@require_POST
def charge(request: HttpRequest, number: str) -> HttpResponse:
    """Put a card on file and charge it at the Stripe stand-in."""
    asked = request.POST.get("membership", "")
    chosen = int(asked) if asked.isdecimal() else 0
    membership = get_object_or_404(Membership, pk=chosen, patient__phones__number=_known(number))
    try:
        said = acts.charge(membership=membership, card_name=request.POST.get("card", ""), now=clock.now())
        messages.success(request, said)
    except Refused as refusal:
        messages.error(request, refusal.message)
    return redirect("demo:handset", number=number)


@demo_only
@require_POST
def advance(request: HttpRequest) -> HttpResponse:
    """Move the demo's clock and go back to the page that asked."""
    try:
        messages.success(request, acts.advance(by=request.POST.get("by", ""), now=clock.now()))
    except Refused as refusal:
        messages.error(request, refusal.message)
    back = request.POST.get("back", "")
    return redirect(back if url_has_allowed_host_and_scheme(back, allowed_hosts=None) else "demo:phonebook")


@demo_only
@require_safe
def played(request: HttpRequest) -> HttpResponse:
    """How far the played time is, for the page that asks every two seconds."""
    return render(request, "demo/clock.html#played", _around())


def _clean(typed: str) -> str:
    """PostgreSQL keeps no NUL."""
    return typed.replace("\x00", "").strip()


def _known(number: str) -> str:
    try:
        return phones.to_e164(number)
    except Refused:
        raise Http404 from None


def _phone(number: str) -> dict[str, Any]:
    number = _known(number)
    persons, bubbles = handsets.people(number), handsets.thread(number)
    return {
        "number": number,
        "persons": persons,
        "title": handsets.title_of(number, persons),
        "bubbles": bubbles,
        "seen": handsets.seen(bubbles),
        "zone": handsets.zone_of(persons),
        "is_blocked": carrier.is_blocked(number),
        "declines": acts.DECLINES,
        "plays_stripe": not settings.STRIPE_API_KEY,
        "story": next((story for story in STORIES if story.number == number), None),
        **telephone.context(number),
        **_around(),
    }


def _around() -> dict[str, Any]:
    return {
        "practice": Practice.objects.order_by("pk").first(),
        "line": settings.TWILIO_FROM_NUMBER,
        "clocks": handsets.local_times(clock.now()),
        "can_move_clock": bool(settings.CLOCK_OFFSET_FILE),
        "played": years.under_way(),
        "clock_now": clock.now(),
    }
