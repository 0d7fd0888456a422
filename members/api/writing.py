"""Batches from the system of record: each row is taken in or refused by itself."""

from typing import Annotated, Any, Literal

from django.http import HttpRequest, JsonResponse
from ninja import Header, Schema
from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from common import clock, problems
from members import api_access, api_replays
from members.api.routes import router
from members.importing import batch, card_numbers, rows
from members.importing.batch import MOST_ROWS, Context, Entry
from members.importing.kinds import WRITERS

_PROBLEMS = dict.fromkeys((400, 401, 403, 409, 413, 422, 429), problems.ProblemOut)
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern=r"^[A-Za-z0-9_.:-]+$",
        description="Repeat a request with the same key and body, and you get the first answer again (for a day).",
    ),
]


class RowResult(Schema):
    index: int = Field(description="Place of the row in the request, from 0.")
    external_id: str
    outcome: Literal["created", "updated", "unchanged", "refused"]
    errors: list[problems.FieldError] = Field(description="Why it was refused, a sentence for each field.")


class BatchResult(Schema):
    created: int
    updated: int
    unchanged: int
    refused: int
    results: list[RowResult]


def _row(model: type[BaseModel]) -> Any:
    """Any object is accepted as a row; one that does not fit the model is refused in its result, not with a 422."""
    return Annotated[dict[str, Any], WithJsonSchema({"anyOf": [model.model_json_schema(), {"type": "object"}]})]


class Batch(Schema):
    model_config = ConfigDict(extra="forbid")

    rows: list[dict[str, Any]] = Field(min_length=1, max_length=MOST_ROWS)


def _batch_of(name: str, model: type[BaseModel]) -> Any:
    row = _row(model)
    rows: Any = Annotated[list[row], Field(min_length=1, max_length=MOST_ROWS)]  # type: ignore[valid-type]
    return type(name, (Batch,), {"__annotations__": {"rows": rows}, "__module__": __name__})


def _take(request: HttpRequest, kind: str, body: Batch, idempotency_key: str | None) -> JsonResponse:
    key, now = api_access.of(request), clock.now()
    context = Context(actor=f"api:{key.pk}", source="api", now=now)

    def make() -> dict[str, Any]:
        entries = [Entry(index, card_numbers.without_in(row)) for index, row in enumerate(body.rows)]
        batch.take_in(WRITERS[kind], entries, kind=kind, context=context)
        return {**batch.tally(entries), "results": [_result(entry) for entry in entries]}

    if idempotency_key is None:
        return JsonResponse(make())
    answer, repeated = api_replays.once(
        api_key=key, key=idempotency_key, request_body=request.body, path=request.path, make=make, now=now
    )
    return JsonResponse(answer, headers={"Idempotent-Replayed": "true"} if repeated else {})


def _result(entry: Entry) -> dict[str, Any]:
    errors = [{"field": name, "message": words} for name, words in entry.errors]
    return {"index": entry.place, "external_id": entry.external_id, "outcome": entry.outcome, "errors": errors}


def _route(kind: str, model: type[rows.Row], what: str) -> None:
    """One route a kind; they differ in nothing but the row."""
    body_model = _batch_of(f"{model.__name__}s", model)

    def take(request: HttpRequest, body: Any, idempotency_key: IdempotencyKey = None) -> JsonResponse:
        return _take(request, kind, body, idempotency_key)

    take.__annotations__["body"] = body_model
    router.put(
        f"/{kind}",
        auth=api_access.Key(kind),
        response={200: BatchResult, **_PROBLEMS},
        operation_id=f"put_{kind}",
        url_name=kind,
        summary=f"Create or update {kind}",
        description=f"{what} Up to {MOST_ROWS:,} rows; a result for each. A field that is left out stays as it is.",
        tags=["Send"],
    )(take)


_route("patients", rows.PatientRow, "People and what they agreed to.")
_route("services", rows.ServiceRow, "What can be booked.")
_route("memberships", rows.MembershipRow, "Who holds which plan.")
_route("visits", rows.VisitRow, "Appointments, past and to come.")
_route("credits", rows.CreditRow, "Credits granted or taken outside of paid periods; each row once.")
_route("payments", rows.PaymentRow, "Payments that your system charges, so that a failed one is followed up.")
