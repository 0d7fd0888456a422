"""One conversation: what was said and why, and what staff do about it without leaving the page."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages as notes
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_noop as _
from django.views.decorators.http import require_POST, require_safe

from common import clock, htmx, texts
from common.access import staff
from common.errors import Refused
from concierge import conversations, handoff
from concierge.models import CONVERSATION_REASONS, Conversation, Snippet
from concierge.views import explained, inbox, suggested
from members import audit, places
from members.models import Escalation, StaffUser
from members.views import signed_in, standing
from outreach.models import Message

PAGE = "concierge/thread.html"
TEXTS_SHOWN = 60
_OPENS = 9  # o'clock
SNOOZES = {
    "hour": _("1 hour"),
    "later": _("3 hours"),
    "tomorrow": _("Tomorrow, 9:00 am"),
    "monday": _("Monday, 9:00 am"),
}


def _whose(*, pk: int, **_rest: Any) -> places.Places:
    return places.of(Conversation, pk, "patient__home_location")


Act = Callable[[HttpRequest, Conversation, StaffUser, datetime], None]


@staff(place=_whose)
@require_safe
def thread(request: HttpRequest, pk: int) -> HttpResponse:
    """The conversation beside the list. That it was read is on record (R116)."""
    conversation, now = _conversation(pk), clock.now()
    body = _kept_reply(request, conversation) or suggested.in_box(request, conversation.phone, now)
    page = _page(request, conversation, now, body=body)
    conversations.read(conversation=conversation, by=signed_in.person(request), now=now)
    seen = {"page": "conversation", "conversation": conversation.pk}
    actor = signed_in.actor(request)
    audit.record("patient.viewed", actor=actor, patient=conversation.patient, now=now, data=seen)
    return page


@staff(place=_whose)
@require_safe
def transcript(request: HttpRequest, pk: int) -> HttpResponse:
    """The texts and who types, for the page's polling; 204 when they are as they were `seen`."""
    if not htmx.is_htmx(request):
        return redirect("concierge:inbox_thread", pk=pk)
    conversation, now = _conversation(pk), clock.now()
    said = _said(request, conversation, now)
    if request.GET.get("seen") == said["seen"]:
        return HttpResponse(status=204)  # nobody who reads further up is thrown to the end
    # The tab is in front (inbox.js asks only then), so what is drawn is read.
    conversations.read(conversation=conversation, by=signed_in.person(request), now=now)
    return htmx.render(request, PAGE, said, partial="transcript")


@staff(place=_whose)
@require_safe
def card(request: HttpRequest, pk: int) -> HttpResponse:
    """How the member stands, beside the thread; loaded after it."""
    if not htmx.is_htmx(request):
        return redirect("concierge:inbox_thread", pk=pk)
    conversation, now = _conversation(pk), clock.now()
    shown: dict[str, Any] = {"conversation": conversation, "now": now}
    if conversation.patient:
        shown["standing"] = standing.of(conversation.patient, now=now, phone=conversation.phone)
    return htmx.render(request, PAGE, shown, partial="card")


@staff(place=_whose)
@require_POST
def typing(request: HttpRequest, pk: int) -> HttpResponse:
    """A key was pressed in the reply box: colleagues in the same thread are told."""
    conversation = get_object_or_404(Conversation, pk=pk)
    conversations.typing(conversation=conversation, by=signed_in.person(request), now=clock.now())
    return HttpResponse(status=204)


@staff(place=_whose)
@require_POST
def reply(request: HttpRequest, pk: int) -> HttpResponse:
    """Text the patient. What was typed stays in the box when it could not be sent."""
    conversation, now = _conversation(pk), clock.now()
    body = texts.storable(request.POST.get("body", ""))
    case = _cases(conversation).first()
    try:
        handoff.reply(phone=conversation.phone, body=body, by=signed_in.person(request), now=now, escalation=case)
    except Refused as refused:
        return _page(request, conversation, now, partial="reply", status=409, not_sent=refused.message, body=body)
    if not htmx.is_htmx(request):
        return redirect("concierge:inbox_thread", pk=pk)
    drawn = htmx.render(request, PAGE, _reply(conversation), partial="reply")
    drawn["HX-Trigger"] = "caseChanged"  # the other parts of the page redraw themselves
    return drawn


@staff(place=_whose)
@require_safe
def state(request: HttpRequest, pk: int) -> HttpResponse:
    """Who has the conversation and what can be done, redrawn after an act elsewhere on the page."""
    if not htmx.is_htmx(request):
        return redirect("concierge:inbox_thread", pk=pk)
    return htmx.render(request, PAGE, _state(request, _conversation(pk), clock.now()), partial="state")


@staff(place=_whose)
@require_POST
def act(request: HttpRequest, pk: int, act: str) -> HttpResponse:
    """Take over, release, assign, snooze, close or reopen; a refusal stands beside the buttons."""
    if act not in _ACTS:
        raise Http404
    conversation, now = _conversation(pk), clock.now()
    try:
        _ACTS[act](request, conversation, signed_in.person(request), now)
    except Refused as refused:
        return _page(request, conversation, now, partial="state", status=409, refused=refused.message)
    if act in ("close", "snooze"):
        notes.success(request, f"{conversations.named(conversation)}: {'closed' if act == 'close' else 'snoozed'}.")
        return _to_inbox(request)
    if not htmx.is_htmx(request):
        return redirect("concierge:inbox_thread", pk=pk)
    return htmx.render(request, PAGE, _state(request, _conversation(pk), now), partial="state")


def _take(request: HttpRequest, conversation: Conversation, by: StaffUser, now: datetime) -> None:
    handoff.take_pen(phone=conversation.phone, by=by, now=now)


def _release(request: HttpRequest, conversation: Conversation, by: StaffUser, now: datetime) -> None:
    handoff.give_back(phone=conversation.phone, by=by, now=now)


def _assign(request: HttpRequest, conversation: Conversation, by: StaffUser, now: datetime) -> None:
    chosen = request.POST.get("to", "")
    to = _colleagues().filter(pk=chosen).first() if chosen.isascii() and chosen.isdigit() and len(chosen) < 10 else None
    if chosen and to is None:
        raise Refused(_("That colleague is not here any more."), code="no_colleague")
    conversations.assign(conversation=conversation, to=to, by=by, now=now)


def _snooze(request: HttpRequest, conversation: Conversation, by: StaffUser, now: datetime) -> None:
    until = snoozed_until(request.POST.get("until", ""), now=now, zone=_zone(conversation))
    conversations.snooze(conversation=conversation, until=until, by=by, now=now)


def _close(request: HttpRequest, conversation: Conversation, by: StaffUser, now: datetime) -> None:
    try:
        seen_at = parse_datetime(request.POST.get("heard", ""))
    except ValueError:  # 31 February: then nothing was seen
        seen_at = None
    conversations.close(conversation=conversation, seen_at=seen_at, by=by, now=now)


def _reopen(request: HttpRequest, conversation: Conversation, by: StaffUser, now: datetime) -> None:
    conversations.reopen(conversation=conversation, by=by, now=now)


_ACTS: dict[str, Act] = {
    "take": _take,
    "release": _release,
    "assign": _assign,
    "snooze": _snooze,
    "close": _close,
    "reopen": _reopen,
}


def snoozed_until(choice: str, *, now: datetime, zone: str) -> datetime:
    """When a snooze ends, mornings being those of the patient's clock. Raises Refused for another choice."""
    if choice in ("hour", "later"):
        return now + timedelta(hours=1 if choice == "hour" else 3)
    if choice not in SNOOZES:
        raise Refused(_("Choose how long."), code="no_time")
    here = clock.local(now, zone)
    days = 1 if choice == "tomorrow" else 7 - here.weekday()
    return (here + timedelta(days=days)).replace(hour=_OPENS, minute=0, second=0, microsecond=0)


def _to_inbox(request: HttpRequest) -> HttpResponse:
    address = reverse("concierge:inbox")
    if htmx.is_htmx(request):
        return HttpResponse(status=204, headers={"HX-Redirect": address})
    return redirect(address)


def _page(
    request: HttpRequest,
    conversation: Conversation,
    now: datetime,
    *,
    partial: str | None = None,
    status: int = 200,
    **said: str,
) -> HttpResponse:
    """The whole page, or after a refusal the part of it that was sent."""
    context = {**_state(request, conversation, now), **_reply(conversation), **said}
    if partial and htmx.is_htmx(request):
        return htmx.render(request, PAGE, context, partial=partial, status=status)
    context |= _said(request, conversation, now, typing=False) | inbox.listing(request, now, beside=True)
    return htmx.render(request, PAGE, context, status=status)


def _conversation(pk: int) -> Conversation:
    people = ("patient__home_location", "holder", "assigned_to")
    return get_object_or_404(Conversation.objects.select_related(*people), pk=pk)


def _state(request: HttpRequest, conversation: Conversation, now: datetime) -> dict[str, Any]:
    return {
        "conversation": conversation,
        "named": conversations.named(conversation),
        "now": now,
        "zone": _zone(conversation),
        "cases": _cases(conversation),
        "colleagues": _colleagues(),
        "snoozes": SNOOZES,
        "is_asleep": bool(conversation.snoozed_until and conversation.snoozed_until > now),
    }


def _reply(conversation: Conversation) -> dict[str, Any]:
    return {
        "conversation": conversation,
        "snippets": [(one, _filled(one, conversation)) for one in Snippet.objects.all()],
    }


def _said(request: HttpRequest, conversation: Conversation, now: datetime, *, typing: bool = True) -> dict[str, Any]:
    newest = Message.objects.filter(address=conversation.phone).order_by("-created_at", "-pk")
    thread = list(newest.select_related("author", "turn")[:TEXTS_SHOWN])[::-1]
    me = signed_in.person(request)
    types = conversations.who_types(conversation, but=me, now=now) if typing else []
    return {
        "conversation": conversation,
        "now": now,
        "zone": _zone(conversation),
        "texts": [explained.text(message) for message in thread],
        "types": types,
        "seen": "-".join([explained.seen(thread), *(f"t{one.pk}" for one in types)]),
    }


def _cases(conversation: Conversation) -> Any:
    """The open cases of the number that are about what was said, the gravest first."""
    about = Escalation.objects.filter(phone=conversation.phone, reason__in=CONVERSATION_REASONS)
    return about.exclude(state=Escalation.State.RESOLVED).select_related("claimed_by").order_by("severity", "due_at")


def _colleagues() -> Any:
    return StaffUser.objects.filter(is_active=True, roles__isnull=False).distinct().order_by("first_name", "email")


def _kept_reply(request: HttpRequest, conversation: Conversation) -> str:
    """Without JavaScript a kept reply is put into the box by its link."""
    wanted = request.GET.get("snippet", "")
    if not wanted.isascii() or not wanted.isdigit() or len(wanted) > 9:
        return ""
    kept = Snippet.objects.filter(pk=wanted).first()
    return _filled(kept, conversation) if kept else ""


def _filled(snippet: Snippet, conversation: Conversation) -> str:
    name = conversation.patient.first_name if conversation.patient else ""
    return snippet.body.replace(" {first_name}", f" {name}" if name else "").replace("{first_name}", name)


def _zone(conversation: Conversation) -> str:
    """The clock that staff and patient share."""
    return conversation.patient.zone if conversation.patient else settings.TIME_ZONE
