"""Staff pages of the plans: all of them, one with its versions, and the form that makes a new version."""

from collections.abc import Collection
from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from common import clock, differences
from common.access import EVERYWHERE, SHARED, places_of, staff
from common.differences import Difference
from common.errors import Refused
from members import plan_prices, plan_words, plans, price_changes, price_moves
from members.models import Benefit, Location, Membership, Plan, PlanVersion, PriceChange, PriceMove, Service
from members.plan_forms import BenefitFormSet, PlanForm, PriceChangeForm, VersionForm, initial_of
from members.views import signed_in

_EDITORS = ("manager", "owner")
_CURRENT = Q(memberships__status__in=Membership.CURRENT)


@staff(place=SHARED)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    now = clock.now()
    rows = Plan.objects.annotate(held=Count("memberships", filter=_CURRENT)).prefetch_related(
        "versions__benefits__services", "versions__benefits__version"
    )
    listed = [{"plan": plan, "version": _on_sale(list(plan.versions.all()), now)} for plan in rows]
    return render(request, "members/plans.html", {"plans": listed, "may_edit": _may_edit(request)})


@staff(place=SHARED)
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One plan: each version with its benefits and rules in plain words, and how many hold it."""
    now = clock.now()
    plan = get_object_or_404(Plan, pk=pk)
    held = Count("memberships", filter=_CURRENT)
    rows = plan.versions.annotate(held=held).order_by("-number")  # counting drops the default order
    versions = list(rows.prefetch_related("benefits__services", "benefits__version"))
    on_sale = _on_sale(versions, now)
    shown = [_shown(version, is_on_sale=version == on_sale) for version in versions]
    context = {
        "plan": plan,
        "now": now,
        "versions": shown,
        "prices": _member_prices(on_sale),
        "may_edit": _may_edit(request),
        "price": _price_change(versions, places_of(request)),
    }
    return render(request, "members/plan.html", context)


@staff(*_EDITORS, place=EVERYWHERE)
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """A plan that was not sold before."""
    plan_form = PlanForm(request.POST or None)
    return _edit(request, plan=None, plan_form=plan_form)


@staff(*_EDITORS, place=EVERYWHERE)
@require_http_methods(["GET", "POST"])
def revise(request: HttpRequest, pk: int) -> HttpResponse:
    """A new version, filled in with what the last one says."""
    return _edit(request, plan=get_object_or_404(Plan, pk=pk), plan_form=None)


def _edit(request: HttpRequest, *, plan: Plan | None, plan_form: PlanForm | None) -> HttpResponse:
    last = plan.versions.prefetch_related("benefits__services").first() if plan else None
    began = _number(request, "base")
    base = plan.versions.filter(number=began).first() or last if plan and began else last
    posted = request.POST if request.method == "POST" else None
    form, benefits = _forms(base, posted)
    both = None
    if posted:
        # Each is asked, so that all errors are shown at once.
        asked: list[bool] = [form.is_valid(), benefits.is_valid(), plan_form is None or plan_form.is_valid()]
        if all(asked):
            try:
                version = _make(request, plan, plan_form, form, benefits)
            except Refused as refusal:
                form.add_error(None, refusal.message)
                both = _both(last, form, benefits) if refusal.code == plans.TAKEN else None
            else:
                messages.success(request, f"{version} is made. Members keep the version that they bought.")
                return redirect("members:plan", version.plan_id)
    # Who was shown the newest version may save over it.
    context = {"plan": plan, "last": base, "plan_form": plan_form, "form": form, "benefits": benefits, "both": both}
    context["seen"] = last.number if last and (both is not None or not posted) else _number(request, "seen")
    context["both_of"] = last or ""
    return render(request, "members/plan_form.html", context, status=422 if posted else 200)


def _forms(base: PlanVersion | None, posted: Any) -> tuple[VersionForm, Any]:
    """The rules and the benefits of a version, filled in with what `base` says."""
    lines = [initial_of(line) for line in base.benefits.all()] if base else []
    zone = Location.objects.order_by("pk").values_list("time_zone", flat=True).first() or "UTC"
    as_before = PlanVersion(**_rules_of(base)) if base else PlanVersion()
    return VersionForm(posted, instance=as_before, zone=zone), BenefitFormSet(posted, initial=lines, prefix="benefit")


def _both(theirs: PlanVersion | None, form: VersionForm, benefits: Any) -> list[Difference]:
    """What the version that a colleague made says, where it differs from what was typed here."""
    rules, lines = _forms(theirs, None)
    found = differences.between(rules, form)
    kept = (line for line in benefits.forms if line.has_changed() or line.initial)
    mine = {line["code"].value(): line for line in kept if not line.cleaned_data.get("DELETE")}
    for line in lines.initial_forms:
        code = line.initial["code"]
        if other := mine.pop(code, None):
            found += differences.between(line, other, title=f"Benefit {code}")
        else:
            found.append(Difference(f"Benefit {code}", "in it", "not in it"))
    return found + [Difference(f"Benefit {code or 'added'}", "not in it", "in it") for code in mine]


def _make(
    request: HttpRequest, plan: Plan | None, plan_form: PlanForm | None, form: VersionForm, benefits: Any
) -> PlanVersion:
    said: dict[str, Any] = {"actor": signed_in.actor(request), "now": clock.now()}
    rules, drafts = form.rules(), benefits.drafts()
    if plan is not None:
        return plans.revise(plan=plan, rules=rules, benefits=drafts, seen=_number(request, "seen"), **said)
    named = plan_form.cleaned_data if plan_form else {}
    return plans.create(name=named["name"], tier=named["tier"], rules=rules, benefits=drafts, **said)


def _number(request: HttpRequest, name: str) -> int | None:
    """Of a version: "base", which the form was filled in with, or "seen", the newest one when it was opened."""
    written = request.POST.get(name, "")
    return int(written) if written.isdecimal() and len(written) < 5 else None


def _rules_of(version: PlanVersion) -> dict[str, Any]:
    return {name: getattr(version, name) for name in VersionForm.Meta.fields}


def _announced(change: PriceChange, places: Collection[int] | None) -> dict[str, Any]:
    """A change with how many stand where in it, each number with the state that opens its rows."""
    moves = price_moves.counts(change, places)
    words = dict(PriceMove.State.choices)
    return {
        "change": change,
        "told": sum(moves.values()),
        "moves": [(state, words[state], count) for state, count in moves.items()],
    }


def _price_change(versions: list[PlanVersion], places: Collection[int] | None) -> dict[str, Any]:
    """What is announced for the members of earlier versions, or how many could be moved to the newest one's price."""
    newest = versions[0] if versions else None
    open_changes = PriceChange.objects.filter(version__in=versions, withdrawn_at__isnull=True)
    return {
        "announced": [_announced(change, places) for change in open_changes.select_related("version")],
        "newest": newest,
        "affected": price_changes.affected(newest).count() if newest else 0,
        "told": price_changes.notice().told,
        "form": PriceChangeForm(),
    }


def _on_sale(versions: list[PlanVersion], now: Any) -> PlanVersion | None:
    """The highest number that has begun; versions come highest first."""
    return next((version for version in versions if version.effective_from <= now), None)


def _shown(version: PlanVersion, *, is_on_sale: bool) -> dict[str, Any]:
    lines = [(line, plan_words.benefit(line)) for line in version.benefits.all()]
    return {
        "version": version,
        "benefits": lines,
        "rules": plan_words.rules(version),
        "is_on_sale": is_on_sale,
        "missing": plan_prices.missing(version),
    }


def _member_prices(version: PlanVersion | None) -> list[tuple[Service, int]]:
    """What services cost members of this version, where that is less; cents."""
    lines = version.benefits.all() if version else []
    off = {line.category: line.percent for line in lines if line.kind == Benefit.Kind.PERCENT}
    services = Service.objects.filter(category__in=off)
    return [(service, service.price_cents * (100 - off[service.category]) // 100) for service in services]


def _may_edit(request: HttpRequest) -> bool:
    return signed_in.leads_everywhere(request)
