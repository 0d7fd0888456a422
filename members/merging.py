"""Two rows that are one person: found, compared, joined, and taken apart again within 30 days.

What points at the row that goes is moved to the one that stays, in every table of every floor that has a key to a
patient. What is append-only (audit, consent) keeps pointing at the old row and is read through `merged_into`, so
nothing that was said is lost and an undo needs no copy. Opt-outs hang on the address and simply go on (R38): of two
different answers the stricter one holds.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import models, transaction
from django.db.models import Count, Max, Min, Q
from django.db.models.functions import Lower

from common.errors import Refused
from members import audit, standings
from members.models import (
    CreditEntry,
    Membership,
    NotDuplicate,
    Patient,
    PatientEmail,
    PatientMerge,
    PatientPhone,
    StaffUser,
)
from members.models.append_only import AppendOnly

UNDO_WITHIN = timedelta(days=30)
_NAME = ("first", "last")
# Two people share one of these by chance or as a family; not two of them.
_ALIKE = {
    "same name and birth date": (*_NAME, "birth_date"),
    "same name and number": (*_NAME, "phones__number"),
    "same name and e-mail": (*_NAME, "mail"),
    "same number and birth date": ("phones__number", "birth_date"),
    "same e-mail and birth date": ("mail", "birth_date"),
}


@dataclass(frozen=True)
class Candidate:
    """Two patients who look like one, the older row first, and why."""

    first: Patient
    second: Patient
    why: str


@dataclass(frozen=True)
class Moving:
    """How many rows of a kind change hands."""

    what: str
    rows: int


def candidates(*, limit: int = 50) -> list[Candidate]:
    """Pairs of patients who may be one person; pairs that staff told apart are not named again."""
    apart = set(NotDuplicate.objects.values_list("first_id", "second_id"))
    why: dict[tuple[int, int], str] = {}
    for words, keys in _ALIKE.items():
        for pair in _pairs(keys, limit + len(apart)):
            if pair not in apart:
                why.setdefault(pair, words)
    chosen = list(why.items())[:limit]
    people = Patient.objects.select_related("home_location").prefetch_related("phones", "memberships__plan")
    known = people.in_bulk({pk for pair, _ in chosen for pk in pair})
    return [Candidate(known[first], known[second], words) for (first, second), words in chosen]


def tell_apart(*, first: Patient, second: Patient, actor: str, now: datetime) -> None:
    """They are two people: do not propose the pair again."""
    low, high = sorted((first.pk, second.pk))
    with transaction.atomic():
        _, made = NotDuplicate.objects.get_or_create(first_id=low, second_id=high, defaults={"said_at": now})
        if made:
            audit.record("patient.told_apart", actor=actor, patient=first, now=now, data={"from": second.pk})


def preview(*, kept: Patient, gone: Patient) -> list[Moving]:
    """What a merge would move. Raises Refused where it may not be done."""
    _require_mergeable(kept, gone)
    return [
        Moving(str(model._meta.verbose_name_plural), count)
        for model, field in _links()
        if (count := model._default_manager.filter(**{field: gone}).count())
    ]


def merge(*, kept: Patient, gone: Patient, by: StaffUser, now: datetime) -> PatientMerge:
    """Move everything of `gone` to `kept`. Raises Refused (same, merged, memberships); then nothing was moved."""
    with transaction.atomic():
        kept, gone = _locked(kept, gone)
        _require_mergeable(kept, gone)
        moved: dict[str, Any] = {"phones": _take_phones(kept, gone), "emails": _take_emails(kept, gone)}
        for model, field in _links():
            rows = model._default_manager.filter(**{field: gone})
            keys = list(rows.values_list("pk", flat=True))
            if keys:
                model._default_manager.filter(pk__in=keys).update(**{field: kept})
                moved[f"{model._meta.label}.{field}"] = keys
        if kept.household_id is None and gone.household_id:
            moved["household"] = gone.household_id
            kept.household_id, gone.household_id = gone.household_id, None
            kept.save(update_fields=["household"])
        if kept.birth_date is None and gone.birth_date:  # else a minor would be one no more (R170)
            moved["birth_date"] = gone.birth_date.isoformat()
            Patient.objects.filter(pk=kept.pk).update(birth_date=gone.birth_date)
        gone.merged_into = kept
        gone.save(update_fields=["merged_into", "household"])
        standings.refresh_visits([kept.pk], now=now)
        done = PatientMerge.objects.create(kept=kept, gone=gone, moved=moved, merged_at=now, merged_by=by)
        for patient, other in ((kept, gone), (gone, kept)):
            data = {"merge": done.pk, "with": other.pk, "kept": kept.pk}
            audit.record("patient.merged", actor=f"staff:{by.pk}", patient=patient, now=now, data=data)
    return done


def undo(*, done: PatientMerge, by: StaffUser, now: datetime) -> None:
    """Give back what was moved; what came since stays with the kept row. Raises Refused (late, undone, later)."""
    with transaction.atomic():
        done = PatientMerge.objects.select_for_update().get(pk=done.pk)
        kept, gone = _locked(done.kept, done.gone)
        if done.undone_at:
            raise Refused("This merge was undone already.", code="undone")
        if now >= done.merged_at + UNDO_WITHIN:
            raise Refused("A merge can be undone for 30 days. This one is older.", code="late")
        if kept.merged_into_id:
            raise Refused("The patient was merged again since. Undo the later merge first.", code="later")
        moved = dict(done.moved)
        _give_back_phones(kept, gone, moved.pop("phones"))
        PatientEmail.objects.filter(patient=kept, pk__in=moved.pop("emails")).delete()
        if household := moved.pop("household", None):
            Patient.objects.filter(pk=kept.pk, household=household).update(household=None)
            Patient.objects.filter(pk=gone.pk).update(household=household)
        if birth_date := moved.pop("birth_date", None):
            Patient.objects.filter(pk=kept.pk, birth_date=birth_date).update(birth_date=None)
        for model, field in _links():
            keys = moved.get(f"{model._meta.label}.{field}", [])
            model._default_manager.filter(pk__in=keys, **{field: kept}).update(**{field: gone})
        Patient.objects.filter(pk=gone.pk).update(merged_into=None)
        for patient in (kept, gone):
            audit.record("patient.unmerged", actor=f"staff:{by.pk}", patient=patient, now=now, data={"merge": done.pk})
        done.undone_at, done.undone_by = now, by
        done.save(update_fields=["undone_at", "undone_by"])


def undoable(*, now: datetime) -> models.QuerySet[PatientMerge]:
    """Merges that can still be taken apart, the newest first."""
    return PatientMerge.objects.filter(undone_at__isnull=True, merged_at__gt=now - UNDO_WITHIN).select_related(
        "kept", "gone", "merged_by"
    )


def _pairs(keys: tuple[str, ...], limit: int) -> Iterator[tuple[int, int]]:
    people = Patient.objects.here().annotate(first=Lower("first_name"), last=Lower("last_name"), mail=Lower("email"))
    for key in keys:
        people = people.exclude(**{f"{key}__isnull": True})
        if key == "mail":
            people = people.exclude(mail="")
    alike = people.order_by().values(*keys).annotate(rows=Count("pk", distinct=True), low=Min("pk"), high=Max("pk"))
    yield from alike.filter(rows__gt=1).order_by("low").values_list("low", "high")[:limit]


def _links() -> Iterator[tuple[type[models.Model], str]]:
    """(model, field) of every key to a patient that a merge moves, on whichever floor the table lies."""
    stays = (AppendOnly, CreditEntry, NotDuplicate, PatientMerge, PatientPhone, PatientEmail)
    for relation in Patient._meta.get_fields(include_hidden=True):
        if isinstance(relation, models.ManyToOneRel) and not issubclass(relation.related_model, stays):
            yield relation.related_model, relation.field.name


def _locked(kept: Patient, gone: Patient) -> tuple[Patient, Patient]:
    rows = Patient.objects.select_for_update(of=("self",)).filter(pk__in=[kept.pk, gone.pk]).order_by("pk")
    found = {row.pk: row for row in rows}
    return found[kept.pk], found[gone.pk]


def _require_mergeable(kept: Patient, gone: Patient) -> None:
    if kept.pk == gone.pk:
        raise Refused("Choose two different patients.", code="same")
    if kept.merged_into_id or gone.merged_into_id:
        raise Refused("One of them was merged already. Open the page of the patient who was kept.", code="merged")
    running = Q(status__in=[Membership.Status.PENDING, *Membership.CURRENT])
    if all(patient.memberships.filter(running).exists() for patient in (kept, gone)):
        raise Refused("Both have a membership that is charged. End one of them first, then merge.", code="memberships")


def _take_phones(kept: Patient, gone: Patient) -> dict[str, Any]:
    """Numbers the kept row lacks come over; its own primary number stays the one that is texted."""
    has = set(kept.phones.values_list("number", flat=True))
    primary = gone.phones.filter(is_primary=True).values_list("number", flat=True).first()
    keys = list(gone.phones.exclude(number__in=has).values_list("pk", flat=True))
    PatientPhone.objects.filter(pk__in=keys).update(patient=kept, is_primary=False)
    if keys and not kept.phones.filter(is_primary=True).exists():
        PatientPhone.objects.filter(pk=keys[0]).update(is_primary=True)
    return {"keys": keys, "primary": primary}


def _give_back_phones(kept: Patient, gone: Patient, moved: dict[str, Any]) -> None:
    PatientPhone.objects.filter(patient=kept, pk__in=moved["keys"]).update(patient=gone, is_primary=False)
    gone.phones.filter(number=moved["primary"]).update(is_primary=True)
    if not kept.phones.filter(is_primary=True).exists() and (next_one := kept.phones.order_by("pk").first()):
        PatientPhone.objects.filter(pk=next_one.pk).update(is_primary=True)


def _take_emails(kept: Patient, gone: Patient) -> list[int]:
    """The other's addresses become further addresses of the kept row; keys of what was added."""
    has = set(kept.addresses())
    new = [address for address in gone.addresses() if "@" in address and address not in has]
    return [PatientEmail.objects.create(patient=kept, address=address).pk for address in dict.fromkeys(new)]
