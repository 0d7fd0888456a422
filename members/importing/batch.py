"""Take rows in: check each, plan what it changes, write what is good; one verdict a row.

A row that is refused leaves nothing behind and stops no other. Rows are planned and written together, a few
statements a batch; only when the database refuses the whole are they written one by one, to name the one at fault.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from django.db import IntegrityError, transaction
from pydantic import ValidationError

from common import redaction
from common.errors import Refused
from members import audit
from members.importing import fields
from members.importing.rows import Row

CREATED, UPDATED, UNCHANGED, REFUSED = "created", "updated", "unchanged", "refused"
MOST_ROWS = 1000
_LONGEST_ID = 64


@dataclass
class Entry:
    """One row on its way in: what came, what it became, and the verdict."""

    place: int  # index in the batch, or line of the file
    raw: Any
    row: Any = None
    instance: Any = None
    outcome: str = ""
    errors: list[tuple[str, str]] = field(default_factory=list)

    @property
    def external_id(self) -> str:
        given = self.raw.get("external_id") if isinstance(self.raw, Mapping) else None
        return _storable(given[:_LONGEST_ID]) if isinstance(given, str) else ""

    @property
    def is_refused(self) -> bool:
        return bool(self.errors)

    def refuse(self, field_name: str, words: str) -> None:
        self.errors.append((_storable(field_name), words))
        self.outcome = REFUSED


@dataclass(frozen=True)
class Context:
    """Who brings the rows, from where, and when."""

    actor: str
    source: str  # "import" or "api"
    now: datetime


class Writer(Protocol):
    """How one kind is planned (reads only) and written."""

    @property
    def row_model(self) -> type[Row]: ...

    def plan(self, entries: list[Entry], context: Context) -> None:
        """Set outcome and instance of each entry, or refuse it. Writes nothing."""

    def write(self, entries: list[Entry], context: Context) -> None:
        """Write entries that were planned as created or updated. May raise Refused for a single entry."""


def check(writer: Writer, entries: Sequence[Entry], *, context: Context) -> None:
    """Say for each entry what taking it in would do. Writes nothing."""
    writer.plan(_readable(writer, entries), context)


def take_in(writer: Writer, entries: Sequence[Entry], *, kind: str, context: Context) -> None:
    """Check and write the entries in one transaction, with one row in the audit trail for all of them."""
    good = _readable(writer, entries)
    with transaction.atomic():
        try:
            _write(writer, good, context)
        except (IntegrityError, Refused):
            for entry in good:
                _write_alone(writer, entry, context)
        counts = tally(entries)
        if counts[CREATED] or counts[UPDATED]:
            audit.record(
                f"{kind}.imported",
                actor=context.actor,
                patient=None,
                now=context.now,
                data={"source": context.source, **counts},
            )


def _storable(text: str) -> str:
    """What came is told back, but for halves of characters and NUL, which no answer and no database can hold."""
    return text.encode("utf-8", "replace").decode().replace("\x00", "\ufffd")


def tally(entries: Sequence[Entry]) -> dict[str, int]:
    counts = dict.fromkeys((CREATED, UPDATED, UNCHANGED, REFUSED), 0)
    for entry in entries:
        counts[entry.outcome] += 1
    return counts


def _readable(writer: Writer, entries: Sequence[Entry]) -> list[Entry]:
    """Entries whose fields make sense and whose external id came once."""
    first_at: dict[str, int] = {}
    for entry in entries:
        if entry.is_refused:
            continue
        _validate(writer, entry)
        if entry.is_refused:
            continue
        if (first := first_at.setdefault(entry.row.external_id, entry.place)) != entry.place:
            entry.refuse("external_id", f"Row {first} has this external id already. Send each row once.")
    return [entry for entry in entries if not entry.is_refused]


def _validate(writer: Writer, entry: Entry) -> None:
    try:
        entry.row = writer.row_model.model_validate(entry.raw)
    except ValidationError as error:
        for each in error.errors(include_url=False, include_input=False):
            place = next((str(part) for part in each["loc"] if isinstance(part, str)), "")
            entry.refuse(redaction.redact(place)[:_LONGEST_ID], fields.sentence(dict(each)))


def _write(writer: Writer, good: list[Entry], context: Context) -> None:
    with transaction.atomic():
        writer.plan(good, context)
        writer.write([entry for entry in good if entry.outcome in (CREATED, UPDATED)], context)


def _write_alone(writer: Writer, entry: Entry, context: Context) -> None:
    entry.outcome, entry.instance, entry.errors = "", None, []
    try:
        _write(writer, [entry], context)
    except Refused as refused:
        entry.refuse("", refused.message)
    except IntegrityError:
        entry.refuse("", "This contradicts a row that is here already, e.g. two visits of one provider at one time.")
