"""What patients ask, and the texts that a leader may label as examples for the engine."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext_noop as _
from django.views.decorators.http import require_POST, require_safe

from common import clock, htmx
from common.access import EVERYWHERE, staff
from common.errors import Refused
from concierge import labelling, questions
from concierge.models import LabelledText, Turn
from concierge.understanding.base import Intent
from members import audit
from members.models import Location
from members.views import signed_in
from members.views.signed_in import LEADERS

SHOWN = 25
PAGE = "concierge/asking.html"


@staff(*LEADERS, place=EVERYWHERE)
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    now, first = clock.now(), Location.objects.order_by("pk").first()
    zone = first.time_zone if first else "UTC"
    asked = questions.summary(now=now, zone=zone)
    number = _number(request.GET.get("page", ""))
    start = (number - 1) * SHOWN
    turns = list(questions.not_understood()[start : start + SHOWN + 1])
    for turn in turns:
        turn.shown = labelling.anonymous(turn.message.body, turn.message.patient)  # type: ignore[attr-defined]
    answered, total = sum(asked.answered), sum(asked.totals)
    context = {
        "now": now,
        "zone": zone,
        "asked": asked,
        "weeks": [
            (monday, texts, solved, f"{solved / texts * 100:.1f}" if texts else "")
            for monday, texts, solved in zip(asked.mondays, asked.totals, asked.answered, strict=True)
        ],
        "share": f"{answered / total * 100:.0f} %" if total else "–",
        "answered": answered,
        "total": total,
        "turns": turns[:SHOWN],
        "number": number,
        "has_older": len(turns) > SHOWN,
        "intents": _choices(),
        "labelled": LabelledText.objects.count(),
    }
    seen = {"page": "questions", "shown": len(context["turns"])}  # type: ignore[arg-type]
    audit.record("patients.searched", actor=signed_in.actor(request), patient=None, now=now, data=seen)
    return htmx.render(request, PAGE, context)


@staff(*LEADERS, place=EVERYWHERE)
@require_POST
def label(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep the text as an example of what the form says it meant."""
    turn = get_object_or_404(Turn.objects.select_related("message__patient"), pk=pk)
    intent = request.POST.get("intent", "")
    try:
        kept = labelling.label(turn=turn, intent=intent, by=signed_in.person(request), now=clock.now())
    except Refused as refused:
        if htmx.is_htmx(request):
            context = {"turn": turn, "intents": _choices(), "refused": refused.message}
            return htmx.render(request, PAGE, context, partial="label", status=422)
        messages.error(request, refused.message)
        return redirect("concierge:asking")
    if htmx.is_htmx(request):
        return htmx.render(request, PAGE, {"turn": turn, "kept": kept, "intents": _choices()}, partial="label")
    messages.success(request, _("Kept as an example."))
    return redirect("concierge:asking")


@staff(*LEADERS, place=EVERYWHERE)
@require_safe
def as_jsonl(request: HttpRequest) -> HttpResponse:
    return _file(request, "examples.jsonl", "application/jsonl", labelling.as_jsonl())


@staff(*LEADERS, place=EVERYWHERE)
@require_safe
def as_yaml(request: HttpRequest) -> HttpResponse:
    return _file(request, "examples.yaml", "application/yaml", labelling.as_yaml())


def _file(request: HttpRequest, name: str, kind: str, content: str) -> HttpResponse:
    data = {"file": name, "rows": LabelledText.objects.count()}
    audit.record("examples.exported", actor=signed_in.actor(request), patient=None, now=clock.now(), data=data)
    answer = HttpResponse(
        content, content_type=f"{kind}; charset=utf-8", headers={"Cache-Control": "private, no-store"}
    )
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _choices() -> list[tuple[str, str]]:
    return [(intent.value, intent.value.replace("_", " ")) for intent in Intent]


def _number(written: str) -> int:
    return max(1, int(written)) if written.isascii() and written.isdecimal() and len(written) < 6 else 1
