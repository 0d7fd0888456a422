"""A member's credit statement by lot, and what staff may do to the credits by hand."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_noop as _
from django.views.decorators.http import require_POST, require_safe

from common import clock
from common.access import staff
from common.errors import Refused
from members import audit, credits, places
from members.credit_forms import ACTS, give_back
from members.models import CreditEntry, Membership, Patient, StaffUser
from members.views import signed_in, standing

_LATELY = timedelta(days=366)
_GIVERS = ("manager", "owner")
_SYSTEMS = {"stripe": "Stripe", "system": "System", "concierge": "Concierge"}


@dataclass(frozen=True)
class LotStatement:
    """A lot with its entries, oldest first; `lives`: it can still be used."""

    lot: CreditEntry
    label: str
    entries: list[CreditEntry]
    left: str
    ends_at: datetime | None
    lives: bool


@staff(place=places.of_patient)
@require_safe
def statement(request: HttpRequest, pk: int) -> HttpResponse:
    """Every lot of patient `pk`, live ones first; `?all=1` also those that ended more than a year ago."""
    now = clock.now()
    patient = get_object_or_404(Patient.objects.select_related("home_location"), pk=pk)
    membership = standing.memberships_of(pk).first()
    lots = _lots(patient, now, everything=request.GET.get("all") == "1")
    audit.record("patient.viewed", actor=signed_in.actor(request), patient=patient, now=now, data={"page": "credits"})
    context = {
        "patient": patient,
        "membership": membership,
        "lots": lots,
        "shows_all": request.GET.get("all") == "1",
        "balance": credits.balance(membership, at=now) if membership else 0,
        "wallet": credits.wallet(membership, at=now) if membership else 0,
        "zone": patient.home_location.time_zone,
        "now": now,
        "acts": _forms(request, membership, lots, now) if membership else {},
    }
    return render(request, "members/credits.html", context)


@staff(place=places.of_patient)
@require_POST
def act(request: HttpRequest, pk: int) -> HttpResponse:
    """Use, money, bonus or hand over; a bonus is for managers and owners."""
    now, do = clock.now(), request.POST.get("do", "")
    membership = standing.memberships_of(pk).first()
    if membership is None or do not in ACTS or (do == "bonus" and not _may_give(request)):
        messages.error(request, _("This cannot be done for this member."))
        return redirect("members:credits", pk)
    form = ACTS[do](request.POST, membership=membership, at=now)
    if not form.is_valid():
        name, errors = next(iter(form.errors.items()))
        label = form.fields[name].label if name in form.fields else ""
        messages.error(request, f"{label}: {errors[0]}" if label else str(errors[0]))
        return redirect("members:credits", pk)
    return _do(request, pk, lambda actor: form.act(actor=actor, now=now))


@staff(place=places.of_credit_entry)
@require_POST
def take_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Give use `pk` back, which was recorded by hand."""
    rows = CreditEntry.objects.select_related("membership__patient", "lot__membership", "lot__service", "lot__benefit")
    found = get_object_or_404(rows, pk=pk)
    return _do(request, found.membership.patient_id, lambda actor: give_back(found, actor=actor, now=clock.now()))


def _do(request: HttpRequest, pk: int, verb: Any) -> HttpResponse:
    try:
        verb(signed_in.actor(request))
    except Refused as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("Done. The statement shows it."))
    return redirect("members:credits", pk)


def _lots(patient: Patient, now: datetime, *, everything: bool) -> list[LotStatement]:
    rows = (
        credits.with_end(CreditEntry.objects.filter(membership__patient=patient, lot__isnull=True))
        .select_related("service", "membership")
        .prefetch_related(
            "benefit__services", "uses__service", "uses__visit__location", "uses__used_by", "benefit__version"
        )
        .order_by("-occurred_at", "-pk")
    )
    names = _names(patient)
    found = [_statement(row, now, names) for row in rows]
    kept = [one for one in found if everything or one.lives or (one.ends_at or now) > now - _LATELY]
    for_good = now + 100 * _LATELY
    return sorted(kept, key=lambda one: (not one.lives, one.ends_at or for_good) if one.lives else (True, now))


def _statement(row: Any, now: datetime, names: dict[str, str]) -> LotStatement:
    entries = [row, *sorted(row.uses.all(), key=lambda use: use.number)]
    given_back = {use.key for use in entries if use.kind == CreditEntry.Kind.REVERSE}
    for entry in entries:
        entry.by = names.get(entry.actor, entry.actor)
        by_hand = entry.kind == CreditEntry.Kind.SPEND and entry.visit_id is None
        entry.may_give_back = by_hand and f"reverse:{entry.pk}" not in given_back
    last = entries[-1]
    label = row.service.name if row.service else row.benefit.service_names if row.benefit else ""
    lives = last.left > 0 and (row.end is None or row.end > now)
    return LotStatement(
        row, label or "Money to spend", entries, CreditEntry.readable(last.left, row.unit), row.end, lives
    )


def _names(patient: Patient) -> dict[str, str]:
    """Actors of the patient's entries as people know them."""
    actors = set(CreditEntry.objects.filter(membership__patient=patient).values_list("actor", flat=True))
    ids = [int(actor[6:]) for actor in actors if actor.startswith("staff:") and actor[6:].isdecimal()]
    people = {f"staff:{person.pk}": str(person) for person in StaffUser.objects.filter(pk__in=ids)}
    return {**_SYSTEMS, **people, f"patient:{patient.pk}": patient.full_name}


def _forms(request: HttpRequest, membership: Membership, lots: list[LotStatement], now: datetime) -> dict[str, Any]:
    """The forms that make sense for what the member holds."""
    live = [one.lot for one in lots if one.lives and one.lot.membership_id == membership.pk]
    units = {lot.unit for lot in live}
    shareable = any(lot.benefit and lot.benefit.shareable for lot in live) and membership.patient.household_id
    wanted = {
        "use": CreditEntry.Unit.CREDIT in units,
        "money": CreditEntry.Unit.CENTS in units,
        "hand_over": bool(shareable),
        "bonus": _may_give(request),
    }
    return {name: ACTS[name](membership=membership, at=now, auto_id=f"{name}_%s") for name in wanted if wanted[name]}


def _may_give(request: HttpRequest) -> bool:
    return not signed_in.person(request).role_names().isdisjoint(_GIVERS)
