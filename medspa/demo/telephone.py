"""The demo's telephone and inbox on a handset's page: calls ring, are answered and talked to; e-mails are read."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from common import clock, htmx, phones
from common.access import demo_only
from common.errors import Refused
from medspa.demo import handsets
from outreach.models import HandsetCall, HandsetMail
from outreach.transports import phonebook_voice as carrier

_SHOWN_MAILS = 10
_LONGEST = 300


@demo_only
@require_POST
def dial(request: HttpRequest, number: str) -> HttpResponse:
    """The patient calls the practice."""
    carrier.dial_in(_known(number), clock.now())
    return _panel(request, number)


@demo_only
@require_POST
def act(request: HttpRequest, number: str, pk: int) -> HttpResponse:
    """Pick up, press a key, say something, hang up: whatever the button says."""
    call = get_object_or_404(HandsetCall, pk=pk, handset=_known(number))
    chosen, digits = request.POST.get("act", ""), request.POST.get("digits", "")
    if digits:
        carrier.say(call, digits=digits[:1])
    elif chosen == "answer":
        carrier.answer(call)
    elif chosen == "machine":
        carrier.answer(call, by="machine_end_beep")
    elif chosen == "ignore":
        carrier.let_ring(call)
    elif chosen in ("completed", "no-answer"):
        carrier.put_through(call, status=chosen)
    elif chosen == "hang_up":
        carrier.hang_up(call)
    elif chosen == "say":
        carrier.say(call, words=request.POST.get("words", "").replace("\x00", "").strip()[:_LONGEST])
    return _panel(request, number)


@demo_only
@require_POST
def line(request: HttpRequest, number: str) -> HttpResponse:
    """The panel asks every second: a line that was told to wait asks our door again."""
    call = latest(_known(number))
    if call is not None:
        carrier.go_on(call)
    seen = handsets.call_seen(call)
    return HttpResponse(status=204) if request.POST.get("heard") == seen else _panel(request, number)


def latest(number: str) -> HandsetCall | None:
    return HandsetCall.objects.filter(handset=number).order_by("-created_at", "-pk").first()


def context(number: str) -> dict[str, Any]:
    """The last call of the handset, and the e-mails of whoever has it."""
    call = latest(number)
    addresses = [address for person in handsets.people(number) for address in person.addresses() if "@" in address]
    mails = HandsetMail.objects.filter(address__in=[address.lower() for address in addresses])
    return {
        "number": number,
        "call": call,
        "heard": handsets.call_seen(call),
        "is_over": call is None or call.status in carrier.OVER,
        "keys": "123456789*0#",
        "mails": mails.order_by("-created_at", "-pk")[:_SHOWN_MAILS],
        "has_mail": bool(addresses),
    }


def _panel(request: HttpRequest, number: str) -> HttpResponse:
    if not htmx.is_htmx(request):
        return redirect("demo:handset", number=number)
    return render(request, "demo/call.html", context(_known(number)))


def _known(number: str) -> str:
    try:
        return phones.to_e164(number)
    except Refused:
        raise Http404 from None
