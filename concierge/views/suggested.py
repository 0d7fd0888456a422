"""The suggested reply and what goes with it, beside the reply box of a case and of a conversation; loaded after it."""

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from common import clock, htmx
from common.access import staff
from concierge import suggesting
from concierge.models import Conversation
from members import places
from members.models import Escalation

PAGE = "concierge/suggestion.html"


@staff(place=places.of_case)
@require_safe
def for_case(request: HttpRequest, pk: int) -> HttpResponse:
    """Without htmx, the page of the case with the reply in its box."""
    case = get_object_or_404(Escalation.objects.exclude(phone=""), pk=pk)
    if not htmx.is_htmx(request):
        return redirect(f"{reverse('concierge:escalation', args=[pk])}?suggested=1")
    return _drawn(request, case.phone, clock.now())


@staff(place=lambda *, pk: places.of(Conversation, pk, "patient__home_location"))
@require_safe
def for_thread(request: HttpRequest, pk: int) -> HttpResponse:
    """Without htmx, the conversation with the reply in its box."""
    conversation = get_object_or_404(Conversation, pk=pk)
    if not htmx.is_htmx(request):
        return redirect(f"{reverse('concierge:inbox_thread', args=[pk])}?suggested=1")
    return _drawn(request, conversation.phone, clock.now())


def in_box(request: HttpRequest, phone: str, now: datetime) -> str:
    """Without JavaScript the suggestion is put into the box by its link."""
    return suggesting.help_with(phone, now=now).reply if phone and request.GET.get("suggested") == "1" else ""


def _drawn(request: HttpRequest, phone: str, now: datetime) -> HttpResponse:
    return htmx.render(request, PAGE, {"help": suggesting.help_with(phone, now=now)})
