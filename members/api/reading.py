"""Read back what the practice's other systems need: ids, states and balances; never contact data or texts."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Any, Literal, TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest
from ninja import Query, Schema
from pydantic import ConfigDict, Field

from common import clock, problems
from members import api_access, credits
from members.api.routes import router
from members.models import Escalation, Membership, Visit

_PROBLEMS = dict.fromkeys((401, 403, 422, 429), problems.ProblemOut)
_AFTER = "after-"
_ID_PATTERN = r"^[^\x00-\x1f]+$"
M = TypeVar("M", bound=Model)
V = TypeVar("V", bound=Callable[..., Any])


class Page(Schema):
    """Where to go on, and how many at once."""

    model_config = ConfigDict(extra="forbid")

    cursor: str | None = Field(None, pattern="^after-[0-9]{1,18}$", description="next_cursor of the page before.")
    limit: int = Field(50, ge=1, le=100)


class OfPatient(Page):
    patient: str | None = Field(
        None, min_length=1, max_length=64, pattern=_ID_PATTERN, description="External id of a patient."
    )


class OfState(Page):
    state: Literal["open", "claimed", "resolved"] | None = None


class MembershipOut(Schema):
    external_id: str | None
    patient: str | None
    plan: str
    status: Literal["pending", "active", "past_due", "paused", "cancelling", "cancelled", "lapsed"]
    started_on: date
    current_period_end: datetime | None
    credits_remaining: int
    last_visit_at: datetime | None
    next_appointment_at: datetime | None


class LotOut(Schema):
    remaining: int
    granted_at: datetime
    expires_at: datetime | None


class BalanceOut(Schema):
    membership: str | None
    patient: str | None
    credits_remaining: int
    lots: list[LotOut]


class VisitOut(Schema):
    external_id: str | None
    patient: str | None
    service: str
    location: str
    starts_at: datetime
    ends_at: datetime
    status: Literal["requested", "booked", "completed", "cancelled", "no_show"]


class EscalationOut(Schema):
    id: int
    reason: str
    severity: Literal["emergency", "high", "normal"]
    state: Literal["open", "claimed", "resolved"]
    patient: str | None
    location: str | None
    opened_at: datetime
    due_at: datetime
    resolved_at: datetime | None


class MembershipPage(Schema):
    items: list[MembershipOut]
    next_cursor: str | None


class BalancePage(Schema):
    items: list[BalanceOut]
    next_cursor: str | None


class VisitPage(Schema):
    items: list[VisitOut]
    next_cursor: str | None


class EscalationPage(Schema):
    items: list[EscalationOut]
    next_cursor: str | None


def _get(what: str, page: type[Schema]) -> Callable[[V], V]:
    offered: Callable[[V], V] = router.get(
        f"/{what}",
        auth=api_access.Key("read"),
        response={200: page, **_PROBLEMS},
        operation_id=f"list_{what}",
        url_name=what,
        summary=f"List {what}",
        tags=["Read back"],
    )
    return offered


@_get("memberships", MembershipPage)
def memberships(request: HttpRequest, asked: Annotated[OfPatient, Query()]) -> dict[str, Any]:
    """Memberships with status, period and what is left to use."""
    return _page(_of_patient(Membership.objects.select_related("patient", "plan"), asked), asked, _membership)


@_get("balances", BalancePage)
def balances(request: HttpRequest, asked: Annotated[OfPatient, Query()]) -> dict[str, Any]:
    """What each membership has left, lot by lot, the lot that ends first in front."""
    now = clock.now()
    rows = _of_patient(Membership.objects.select_related("patient"), asked)
    return _page(rows, asked, lambda membership: _balance(membership, now))


@_get("visits", VisitPage)
def visits(request: HttpRequest, asked: Annotated[OfPatient, Query()]) -> dict[str, Any]:
    """Appointments, those that we booked too (they have no external id until you send one for the same time)."""
    rows = Visit.objects.select_related("patient", "service", "location")
    return _page(_of_patient(rows, asked), asked, _visit)


@_get("escalations", EscalationPage)
def escalations(request: HttpRequest, asked: Annotated[OfState, Query()]) -> dict[str, Any]:
    """Cases for a person."""
    rows = Escalation.objects.select_related("patient", "location")
    return _page(rows.filter(state=asked.state) if asked.state else rows, asked, _escalation)


def _of_patient(rows: QuerySet[M], asked: OfPatient) -> QuerySet[M]:
    return rows.filter(patient__external_id=asked.patient) if asked.patient else rows


def _page(rows: QuerySet[M], asked: Page, out: Callable[[M], dict[str, Any]]) -> dict[str, Any]:
    """In the order of their making, so that a row which comes meanwhile is on a later page and none is skipped."""
    after = int(asked.cursor.removeprefix(_AFTER)) if asked.cursor else 0
    found = list(rows.filter(pk__gt=after).order_by("pk")[: asked.limit + 1])
    shown = found[: asked.limit]
    more = len(found) > asked.limit
    return {"items": [out(row) for row in shown], "next_cursor": f"{_AFTER}{shown[-1].pk}" if more else None}


def _membership(row: Membership) -> dict[str, Any]:
    names = (
        "external_id", "status", "started_on", "current_period_end", "credits_remaining", "last_visit_at",
        "next_appointment_at",
    )  # fmt: skip
    return {"patient": row.patient.external_id, "plan": row.plan.name, **{name: getattr(row, name) for name in names}}


def _balance(row: Membership, now: datetime) -> dict[str, Any]:
    lots = credits.lots(row, at=now)
    return {
        "membership": row.external_id,
        "patient": row.patient.external_id,
        "credits_remaining": sum(lot.remaining for lot in lots),
        "lots": [{name: getattr(lot, name) for name in ("remaining", "granted_at", "expires_at")} for lot in lots],
    }


def _visit(row: Visit) -> dict[str, Any]:
    return {
        "patient": row.patient.external_id,
        "service": row.service.external_id,
        "location": row.location.external_id,
        **{name: getattr(row, name) for name in ("external_id", "starts_at", "ends_at", "status")},
    }


def _escalation(row: Escalation) -> dict[str, Any]:
    return {
        "id": row.pk,
        "severity": Escalation.Severity(row.severity).name.lower(),
        "patient": row.patient.external_id if row.patient else None,
        "location": row.location.external_id if row.location else None,
        **{name: getattr(row, name) for name in ("reason", "state", "opened_at", "due_at", "resolved_at")},
    }
