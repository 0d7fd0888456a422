"""Staff notes: written, corrected by a further row, read with what they said before."""

from dataclasses import dataclass, field
from datetime import datetime

from django.db import IntegrityError, transaction

from common import redaction
from common.errors import Refused
from concierge.models import StaffNote
from members import audit
from members.models import Patient, StaffUser

LONGEST = 4_000


@dataclass
class Note:
    """A note as it reads now, and its earlier wordings, the newest first."""

    now: StaffNote
    before: list[StaffNote] = field(default_factory=list)


@transaction.atomic
def write(
    *,
    patient: Patient | None,
    phone: str,
    body: str,
    by: StaffUser,
    now: datetime,
    corrects: StaffNote | None = None,
) -> StaffNote:
    """Keep what `by` wrote, without card numbers (R123). Raises Refused for nothing, too much, or another's note."""
    words = redaction.redact(body.strip())
    if not words:
        raise Refused("Write something first.", code="empty")
    if len(words) > LONGEST:
        raise Refused(f"A note has at most {LONGEST:,} letters.", code="too_long")
    if corrects and corrects.author_id != by.pk:
        raise Refused("Only who wrote a note corrects it. Write one of your own.", code="not_yours")
    try:
        with transaction.atomic():
            note = StaffNote.objects.create(
                patient=patient,
                phone="" if patient else phone,
                author=by,
                body=words,
                written_at=now,
                corrects=corrects,
            )
    except IntegrityError:
        raise Refused("This note was corrected already. Correct what it says now.", code="stale") from None
    data = {"note": note.pk} | ({"corrects": corrects.pk} if corrects else {})
    audit.record("note.written", actor=f"staff:{by.pk}", patient=patient, now=now, data=data)
    return note


def about(*, patient: Patient | None, phone: str = "") -> list[Note]:
    """The newest first. One query."""
    known = {row.pk: row for row in StaffNote.objects.about(patient=patient, phone=phone)}
    corrected = {row.corrects_id for row in known.values()}
    return [Note(row, _before(row, known)) for row in known.values() if row.pk not in corrected]


def _before(note: StaffNote, known: dict[int, StaffNote]) -> list[StaffNote]:
    said, older = [], known.get(note.corrects_id or 0)
    while older:
        said.append(older)
        older = known.get(older.corrects_id or 0)
    return said
