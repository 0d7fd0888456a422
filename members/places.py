"""To which locations things belong, for staff who work at some of them only (R114: the least that is needed).

Each function is asked with the arguments of an address and returns primary keys of Location; None among them means that
the thing belongs to no location, so that anybody at the practice may see to it.
"""

from collections.abc import Collection
from typing import Any, TypeVar

from django.db.models import Model, Q, QuerySet

from members.models import CreditEntry, Escalation, Invoice, Membership, Patient, Visit

Places = frozenset[int | None]
Rows = TypeVar("Rows", bound=QuerySet[Any])
LARGEST_KEY = 2**63 - 1  # what a key can be; SQLite raises for more


def of_patient(*, pk: int, **_rest: Any) -> Places:
    """Where the patient is at home, is a member, or has a visit."""
    if pk > LARGEST_KEY:
        return frozenset()
    home = Patient.objects.filter(pk=pk).order_by().values_list("home_location")
    held = Membership.objects.filter(patient=pk).order_by().values_list("location")
    seen = Visit.objects.filter(patient=pk).order_by().values_list("location")
    return frozenset(place for (place,) in home.union(held, seen))


def of_visit(*, pk: int, **_rest: Any) -> Places:
    return of(Visit, pk, "location")


def of_invoice(*, pk: int, **_rest: Any) -> Places:
    return of(Invoice, pk, "membership__location")


def of_credit_entry(*, pk: int, **_rest: Any) -> Places:
    return of(CreditEntry, pk, "membership__location")


def of_case(*, pk: int, **_rest: Any) -> Places:
    """Its own location, else the patient's."""
    return of(Escalation, pk, "location", "patient__home_location")


def within(rows: Rows, places: Collection[int] | None, *paths: str) -> Rows:
    """`rows` at one of `places` by any of the paths, or at none at all; every row where `places` is None."""
    if places is None:
        return rows
    here, nowhere = Q(), Q()
    for path in paths:
        here |= Q(**{f"{path}__in": places})
        nowhere &= Q(**{f"{path}__isnull": True})
    return rows.filter(here | nowhere)


def of(model: type[Model], pk: int, *paths: str) -> Places:
    """The locations that row `pk` names by its paths; None for a row without any; nothing where there is no row."""
    if pk > LARGEST_KEY:
        return frozenset()
    found = model._default_manager.filter(pk=pk).values_list(*paths).first()
    if found is None:
        return frozenset()
    return frozenset(place for place in found if place is not None) or frozenset([None])
