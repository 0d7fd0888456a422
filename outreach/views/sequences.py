"""The sequences: what they say, what came of them, and the editor with its preview."""

from itertools import zip_longest

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from common import clock, differences, htmx, tables
from common.access import EVERYWHERE, SHARED, places_of, staff
from common.differences import Difference
from common.errors import Refused
from members.models import Location, Practice
from members.views import signed_in
from outreach import editing, gate, late_facts, lift, previews, results
from outreach.editing import DraftStep
from outreach.forms import StepForm, stops_in
from outreach.models import Sequence, SequenceVersion
from outreach.tables import MessageTable
from outreach.wording_rules import Finding

_VERSIONS = 10
_LAST_STEP = 1_000  # further on is nonsense, and more than a database can hold


@staff(place=SHARED)
@require_safe
def listed(request: HttpRequest) -> HttpResponse:
    practice, counts = Practice.current(), results.summaries()
    nothing = {"running": 0, "held_out": 0, "arrived": 0}
    rows = [
        {"sequence": each, "is_live": gate.is_live(each.slug, practice), "counts": counts.get(each.pk, nothing)}
        for each in Sequence.objects.order_by("pk")
    ]
    return htmx.render(request, "outreach/sequences.html", {"rows": rows})


@staff(place=SHARED)
@require_safe
def detail(request: HttpRequest, slug: str) -> HttpResponse:
    sequence = get_object_or_404(Sequence, slug=slug)
    first = Location.objects.order_by("pk").first()
    now, versions = (
        clock.now(),
        list(sequence.versions.select_related("made_by", "approved_by", "sequence")[:_VERSIONS]),
    )
    live = next((version for version in versions if version.approved_at), None) or sequence.live
    context = {
        "sequence": sequence,
        "live": live,
        "steps": results.per_step(live, now=now, at=places_of(request)) if live else [],
        "stops": [late_facts.STOPS[stop].words for stop in live.stops if stop in late_facts.STOPS] if live else [],
        "endings": results.endings(sequence),
        "lift": lift.of(sequence, now=now),
        "versions": versions,
        "zone": first.time_zone if first else "UTC",
        "is_live": gate.is_live(sequence.slug, Practice.current()),
        "may_edit": signed_in.leads_everywhere(request),
    }
    return htmx.render(request, "outreach/sequence.html", context)


@staff(place=SHARED)
@require_safe
def step_texts(request: HttpRequest, slug: str, position: int) -> HttpResponse:
    """The texts behind a number of a step: `?what=` one of `results.OUTCOMES`."""
    sequence, what = get_object_or_404(Sequence, slug=slug), request.GET.get("what", "sent")
    if what not in results.OUTCOMES or position > _LAST_STEP:
        raise Http404
    first = Location.objects.order_by("pk").first()
    zone = first.time_zone if first else "UTC"
    rows = results.texts(sequence, [position], now=clock.now(), at=places_of(request)).filter(
        place=position, **{what: True}
    )
    table = MessageTable(rows.select_related("patient"), zone=zone, filtered=True)
    context = {"sequence": sequence, "position": position, "words": results.OUTCOMES[what][0]}
    return tables.page(request, table, "outreach/step_texts.html", context)


@staff("manager", "owner", place=EVERYWHERE)
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, slug: str) -> HttpResponse:
    """Write a new version. What runs keeps its own; nobody gets the new one before it is put live."""
    sequence = get_object_or_404(Sequence, slug=slug)
    base, newest = _from(request, sequence), editing.newest(sequence)
    start = editing.as_drafts(base)
    posted = request.POST if request.method == "POST" else None
    forms = [StepForm(posted, step=step, prefix=str(place)) for place, step in enumerate(start)]
    stops = stops_in(posted) if posted else list(sequence.live.stops) if sequence.live else []
    found: dict[int | None, list[Finding]] = {}
    both = None
    valid = [form.is_valid() for form in forms]  # each says what is wrong with it
    if posted and all(valid):
        steps = [form.draft for form in forms]
        try:
            version = _save(request, sequence, steps, stops)
        except Refused as refused:
            messages.error(request, f"Not saved. {refused.message}")
            both = _both(forms, stops, newest) if refused.code == editing.TAKEN else None
            for place, finding in editing.check(steps, stops):
                found.setdefault(place, []).append(finding)
        else:
            messages.success(request, f"Version {version.number} is saved. It is sent once it is put live.")
            return redirect("outreach:sequence", slug=slug)
    context = {
        "sequence": sequence,
        "steps": [{"form": form, "found": found.get(place, [])} for place, form in enumerate(forms)],
        "found": found.get(None, []),
        "stops": [(code, stop.words, code in stops) for code, stop in late_facts.STOPS.items()],
        "note": posted.get("note", "") if posted else "",
        "base": base.number if base else "",
        # Only who was shown a colleague's version may save over it.
        "seen": posted.get("seen", "") if posted and both is None else newest.number if newest else "",
        "both": both,
        "both_of": f"version {newest.number} by {newest.made_by or 'the practice'}" if newest else "",
    }
    status = 422 if posted else None
    return htmx.render(request, "outreach/sequence_edit.html", context, status=status)


@staff("manager", "owner", place=EVERYWHERE)
@require_POST
def preview(request: HttpRequest, slug: str, place: int) -> HttpResponse:
    """One step as a real member would read it, with its segments and what is to be mended. Saves nothing."""
    sequence = get_object_or_404(Sequence, slug=slug)
    start = editing.as_drafts(_from(request, sequence))
    if place >= len(start):
        return HttpResponse(status=404)
    form = StepForm(request.POST, step=start[place], prefix=str(place))
    shown = previews.of(sequence, form.draft if form.is_valid() else start[place], first=place == 0, now=clock.now())
    return htmx.render(request, "outreach/sequence_preview.html", {"shown": shown})


@staff("clinician", "manager", "owner", place=EVERYWHERE)
@require_POST
def approve(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    version = get_object_or_404(SequenceVersion, sequence__slug=slug, number=number)
    try:
        editing.approve(version=version, by=signed_in.person(request), now=clock.now())
    except Refused as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, f"Version {number} is live for everybody who is enrolled from now on.")
    return redirect("outreach:sequence", slug=slug)


def _save(request: HttpRequest, sequence: Sequence, steps: list[DraftStep], stops: list[str]) -> SequenceVersion:
    posted, by = request.POST, signed_in.person(request)
    seen, note = _number(posted.get("seen", "")), posted.get("note", "")
    return editing.draft(sequence=sequence, steps=steps, stops=stops, note=note, by=by, now=clock.now(), seen=seen)


def _from(request: HttpRequest, sequence: Sequence) -> SequenceVersion | None:
    """The version to start from: the one that the form began with, the one asked for, else the live one."""
    wanted = _number(request.POST.get("base", "") or request.GET.get("version", ""))
    return sequence.versions.filter(number=wanted).first() or sequence.live if wanted else sequence.live


def _both(forms: list[StepForm], stops: list[str], theirs: SequenceVersion | None) -> list[Difference]:
    """What the version that a colleague saved says, where it differs from what was typed here."""
    saved = [StepForm(None, step=step, prefix=str(place)) for place, step in enumerate(editing.as_drafts(theirs))]
    found: list[Difference] = []
    for place, (one, other) in enumerate(zip_longest(saved, forms), start=1):
        if one and other:
            found += differences.between(one, other, title=f"Step {place}")
        else:
            found.append(
                Difference(f"Step {place}", one.step.wording if one else "", other.step.wording if other else "")
            )
    said, typed = (
        "; ".join(late_facts.STOPS[code].words for code in codes)
        for codes in ((code for code in late_facts.STOPS if theirs and code in theirs.stops), stops)
    )
    return found if said == typed else [*found, Difference("It ends early when", said, typed)]


def _number(written: str) -> int | None:
    return int(written) if written.isdecimal() and len(written) < 5 else None
