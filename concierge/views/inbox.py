"""The inbox: conversations by what they wait for, found by name, number or words, and the replies staff keep ready."""

from datetime import datetime
from typing import Any

from django.contrib import messages as notes
from django.db.models import Exists, OuterRef, Q, Subquery, TextField, Value
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.http import urlencode
from django.utils.translation import gettext_noop as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from common import clock, htmx, redaction, texts
from common.access import SHARED, places_of, staff
from concierge.models import Conversation, ReadMark, Snippet
from concierge.models.conversations import ConversationQuerySet
from members import audit, places
from members.models import Location, Patient
from members.views import signed_in
from outreach.models import Message

FOLDERS = {
    "open": _("Open"),
    "waiting": _("Waiting"),
    "mine": _("Mine"),
    "snoozed": _("Snoozed"),
    "closed": _("Closed"),
}
PAGE = "concierge/inbox.html"
ROWS = 30
_LONGEST = 80
_FARTHEST = 100  # pages
_EMPTY = {
    "open": _("No conversation is open. Whatever a patient texts appears here."),
    "waiting": _("Nobody waits for an answer from a person."),
    "mine": _("Nothing is yours. Take a conversation over, or assign one to yourself."),
    "snoozed": _("Nothing is asleep."),
    "closed": _("Nothing was closed yet."),
}


@staff()
@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    """The list. A search is noted in the audit trail without its words (R116)."""
    now = clock.now()
    context = listing(request, now)
    if context["q"] and "X-By-Itself" not in request.headers:
        shown = {"shown": len(context["rows"]), "page": "conversations"}
        audit.record("patients.searched", actor=signed_in.actor(request), patient=None, now=now, data=shown)
    return htmx.render(request, PAGE, context, partial="list")


@staff(place=SHARED)
@require_http_methods(["GET", "POST"])
def snippets(request: HttpRequest) -> HttpResponse:
    """The replies kept ready, and a new one."""
    if request.method == "POST":
        title, body = _snippet(request)
        if title and body:
            Snippet.objects.create(title=title, body=body)
            notes.success(request, "Kept. It is in the list beside every reply box.")
            return redirect("concierge:inbox_snippets")
        typed = {"title": title, "body": body, "refused": "Give it a name and some words."}
        return htmx.render(request, "concierge/snippets.html", {"snippets": Snippet.objects.all(), **typed}, status=409)
    return htmx.render(request, "concierge/snippets.html", {"snippets": Snippet.objects.all()})


@staff(place=SHARED)
@require_POST
def snippet(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a kept reply, or remove it."""
    kept = get_object_or_404(Snippet, pk=pk)
    title, body = _snippet(request)
    if "remove" in request.POST:
        kept.delete()
        notes.success(request, "Removed.")
    elif title and body:
        kept.title, kept.body = title, body
        kept.save(update_fields=["title", "body"])
        notes.success(request, "Saved.")
    else:
        notes.error(request, "A kept reply needs a name and some words. Nothing was changed.")
    return redirect("concierge:inbox_snippets")


def listing(request: HttpRequest, now: datetime, *, beside: bool = False) -> dict[str, Any]:
    """What the left pane shows for the request's filters, in one query; `beside` a thread no location is chosen."""
    asked = request.GET
    folder = asked.get("folder", "")
    folder = folder if folder in FOLDERS else "open"
    q = texts.storable(asked.get("q", "")).strip()[:_LONGEST]
    place, unread = _number(asked.get("location", "")), asked.get("unread") == "1"
    number = min(max(1, _number(asked.get("page", ""))), _FARTHEST)
    rows = _searched(_in_folder(folder, request, now), q)
    here = places_of(request)
    rows = places.within(rows, here, "patient__home_location")
    if place:
        rows = rows.filter(patient__home_location=place)
    rows = _signed(rows, request, now, unread_only=unread)
    first = (number - 1) * ROWS
    found = list(rows[first : first + ROWS + 1])
    kept = {"folder": folder, "q": q, "location": place or "", "unread": "1" if unread else ""}
    return {
        "now": now,
        "rows": found[:ROWS],
        "next_page": number + 1 if len(found) > ROWS else 0,
        "page_number": number,
        "folder": folder,
        "folders": FOLDERS,
        "q": q,
        "unread": unread,
        "place": place,
        "locations": [] if beside else places.within(Location.objects.order_by("name"), here, "pk"),
        "asked": urlencode({name: value for name, value in kept.items() if value}),
        "others": urlencode({name: value for name, value in kept.items() if value and name != "folder"}),
        "empty": "Nothing matches. Try fewer letters, or another folder." if q or unread or place else _EMPTY[folder],
    }


def _in_folder(folder: str, request: HttpRequest, now: datetime) -> ConversationQuerySet:
    everything = Conversation.objects.filter(moved_at__isnull=False)
    if folder == "waiting":
        return everything.waiting(now)
    if folder == "mine":
        me = signed_in.person(request)
        return everything.open(now).filter(Q(assigned_to=me) | Q(holder=me))
    if folder == "snoozed":
        return everything.filter(snoozed_until__gt=now, closed_at__isnull=True)
    return everything.filter(closed_at__isnull=False) if folder == "closed" else everything.open(now)


def _searched(rows: ConversationQuerySet, q: str) -> ConversationQuerySet:
    """By the patient's name or number, or by words of a text."""
    if not q:
        return rows
    said = Message.objects.filter(address=OuterRef("phone"), channel=Message.Channel.SMS, body__icontains=q)
    digits = "".join(letter for letter in q if letter.isdigit())
    number = Q(phone__contains=digits) if len(digits) >= 4 else Q()
    return rows.filter(Q(patient__in=Patient.objects.matching(q)) | Exists(said) | number)


def _signed(
    rows: ConversationQuerySet, request: HttpRequest, now: datetime, *, unread_only: bool
) -> ConversationQuerySet:
    """With what a row of the list shows: the last words, whether they are unread, whether a person has to answer."""
    mine = ReadMark.objects.filter(conversation=OuterRef("pk"), user=signed_in.person(request))
    newest = Message.objects.filter(address=OuterRef("phone"), channel=Message.Channel.SMS).order_by(
        "-created_at", "-pk"
    )
    is_unread = Q(last_in_at__isnull=False) & ~Exists(mine.filter(read_at__gte=OuterRef("last_in_at")))
    rows = rows.filter(is_unread) if unread_only else rows
    return (
        rows.annotate(
            is_unread=is_unread,
            is_waiting=Exists(Conversation.objects.waiting(now).filter(pk=OuterRef("pk"))),
            last_words=Coalesce(Subquery(newest.values("body")[:1]), Value(""), output_field=TextField()),
            last_direction=Coalesce(Subquery(newest.values("direction")[:1]), Value(""), output_field=TextField()),
        )
        .select_related("patient__home_location", "assigned_to", "holder")
        .order_by("-moved_at", "-pk")
    )


def _snippet(request: HttpRequest) -> tuple[str, str]:
    title, body = (redaction.redact(texts.storable(request.POST.get(name, ""))).strip() for name in ("title", "body"))
    return title[:60], body[:1_000]


def _number(written: str | None) -> int:
    """0 for what is no number."""
    return int(written) if written and written.isascii() and written.isdigit() and len(written) < 10 else 0
