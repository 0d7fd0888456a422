"""A file on its way in: stored in chunks, checked, shown, and written only when a person says so.

Two passes over the chunks. The first checks (nothing is written but what would happen), the second writes. Each
step takes the job's lease, does one chunk and moves the cursor in the transaction that wrote it (settled: no task
over its timeout).
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django_q.tasks import async_task

from common import redaction
from common.claims import claim
from common.errors import Refused
from members import audit
from members.importing import batch, card_numbers, csv_files
from members.importing.batch import Context, Entry
from members.importing.kinds import WRITERS
from members.models import ImportChunk, ImportJob, StaffUser

State = ImportJob.State
LEASE = timedelta(minutes=2)
MAX_ATTEMPTS = 3
_COUNTS = (batch.CREATED, batch.UPDATED, batch.UNCHANGED, batch.REFUSED)


@dataclass(frozen=True)
class Refusal:
    """A row that stays out: its line in the file, why (field, sentence), and what stood there."""

    line: int
    external_id: str
    errors: list[tuple[str, str]]
    cells: list[str]


def upload(
    *, kind: str, file_name: str, content: bytes, actor: str, now: datetime, by: StaffUser | None = None
) -> ImportJob:
    """Store the file's rows and have them checked. Raises Refused for a file that cannot be read."""
    sheet = csv_files.read(content, WRITERS[kind].row_model)
    with transaction.atomic():
        job = ImportJob.objects.create(
            kind=kind,
            file_name=redaction.redact(file_name)[:120],
            columns=sheet.columns,
            headers=[redaction.redact(header) for header in sheet.headers],
            uploaded_by=by,
            actor=actor,
            created_at=now,
        )
        _store(job, sheet)
        audit.record("import.uploaded", actor=actor, patient=None, now=now, data=_trace(job))
        hurry(job.pk)
    return job


def confirm(*, job: ImportJob, actor: str, now: datetime) -> None:
    """Write the rows that were found good. Raises Refused when the job does not wait for that."""
    with transaction.atomic():
        if not claim(
            ImportJob.objects.filter(pk=job.pk, state=State.READY),
            state=State.RUNNING, confirmed_at=now, cursor=0, attempts=0, **dict.fromkeys(_COUNTS, 0),
        ):  # fmt: skip
            job.refresh_from_db()
            raise Refused(f"This import is “{job.get_state_display()}”, so it cannot be started.", code="not_ready")
        job.refresh_from_db()
        audit.record("import.confirmed", actor=actor, patient=None, now=now, data=_trace(job))
        hurry(job.pk)


def discard(*, job: ImportJob, actor: str, now: datetime) -> None:
    """Throw the file away; nothing was written. Raises Refused once it is being imported."""
    with transaction.atomic():
        before = ImportJob.objects.filter(pk=job.pk, state__in=[State.CHECKING, State.READY])
        if not claim(before, state=State.DISCARDED, finished_at=now):
            raise Refused("This import has begun or is over; it cannot be discarded.", code="not_ready")
        job.refresh_from_db()
        job.chunks.all().delete()
        audit.record("import.discarded", actor=actor, patient=None, now=now, data=_trace(job))


def refusals(job: ImportJob) -> Iterator[Refusal]:
    """What was refused, in the order of the file, a chunk at a time."""
    for refused in job.chunks.order_by("number").values_list("refused", flat=True).iterator(chunk_size=1):
        for line, external_id, errors, cells in refused:
            yield Refusal(line, external_id, [(name, words) for name, words in errors], cells)


def hurry(job_pk: int) -> None:
    """Have a worker go on at once; the tick would, a minute later."""
    from members import tasks  # they call this module

    async_task(tasks.advance_import, job_pk)


def advance(job_pk: int, *, now: datetime) -> None:
    """Do chunks of the job for ROUND_SECONDS, then queue the rest. Nothing where another worker has the lease."""
    mine = ImportJob.objects.filter(_free(now), pk=job_pk, state__in=ImportJob.UNDER_WAY)
    if not claim(mine, leased_until=now + LEASE, attempts=F("attempts") + 1):
        return
    began = time.monotonic()
    while _one_chunk(job_pk, now):
        if time.monotonic() - began >= settings.ROUND_SECONDS:
            with transaction.atomic():
                ImportJob.objects.filter(pk=job_pk).update(leased_until=None)
                hurry(job_pk)
            return


def work_off(job_pk: int, *, now: datetime) -> None:
    """Do all chunks of the present pass here; a worker that comes meanwhile finds the lease taken."""
    mine = ImportJob.objects.filter(_free(now), pk=job_pk, state__in=ImportJob.UNDER_WAY)
    if claim(mine, leased_until=now + LEASE, attempts=F("attempts") + 1):
        while _one_chunk(job_pk, now):
            pass


def advance_waiting(*, now: datetime) -> int:
    """The net under the tasks: jobs whose worker was lost. Returns how many were moved on."""
    waiting = ImportJob.objects.filter(_free(now), state__in=ImportJob.UNDER_WAY).order_by("pk")
    moved = 0
    for job in waiting[:3]:
        if job.attempts >= MAX_ATTEMPTS:
            _give_up(job, now)
        else:
            moved += 1
            hurry(job.pk)
    return moved


def _free(now: datetime) -> Q:
    return Q(leased_until__isnull=True) | Q(leased_until__lte=now)


def _store(job: ImportJob, sheet: csv_files.Sheet) -> None:
    """Chunks of raw rows without card numbers (R124). An id that comes a second time anywhere in the file is refused
    here, where all are seen."""
    at = sheet.columns.index("external_id")
    seen: dict[str, int] = {}
    numbered = enumerate(iter(lambda: list(islice(sheet.rows, batch.MOST_ROWS)), []))
    for number, rows in numbered:
        clean = [(line, card_numbers.without(sheet.columns, cells), wrong) for line, cells, wrong in rows]
        kept = [[line, cells, wrong or _seen_before(seen, cells, at, line)] for line, cells, wrong in clean]
        ImportChunk.objects.create(job=job, number=number, rows=kept)
        job.rows_total += len(kept)
        job.chunks_total = number + 1
        if job.rows_total > csv_files.MOST_FILE_ROWS:
            raise Refused(f"The file has more than {csv_files.MOST_FILE_ROWS:,} rows. Split it.", code="too_large")
    if not job.rows_total:
        raise Refused("The file has a heading but no rows.", code="empty")
    job.save(update_fields=["rows_total", "chunks_total"])


def _seen_before(seen: dict[str, int], cells: list[str], at: int, line: int) -> str:
    external_id = cells[at].strip() if at < len(cells) else ""
    first = seen.setdefault(external_id, line) if external_id else line
    return "" if first == line else f"Line {first} has this external id already. Keep one of them."


def _one_chunk(job_pk: int, now: datetime) -> bool:
    """Check or write the next chunk; all of it, or nothing. True when there are more."""
    with transaction.atomic():
        job = ImportJob.objects.select_for_update().get(pk=job_pk)
        if not job.is_under_way:
            return False
        chunk = job.chunks.filter(number=job.cursor).first()
        if chunk is not None:
            _take(job, chunk, now)
            job.cursor += 1
            job.attempts, job.leased_until = 1, now + LEASE
        if job.cursor >= job.chunks_total:
            _finish_pass(job, now)
        job.save()
    return job.is_under_way


def _take(job: ImportJob, chunk: ImportChunk, now: datetime) -> None:
    entries = []
    for line, cells, wrong in chunk.rows:
        entry = Entry(line, csv_files.named(job.columns, job.headers, cells))
        if wrong:
            entry.refuse("", wrong)
        elif len(cells) > len(job.columns):
            entry.refuse("", "This row has more cells than the heading has columns.")
        entries.append(entry)
    writer, context = WRITERS[job.kind], Context(actor=job.actor, source="import", now=now)
    if job.state == State.CHECKING:
        batch.check(writer, entries, context=context)
    else:
        batch.take_in(writer, entries, kind=job.kind, context=context)
    for name, count in batch.tally(entries).items():
        setattr(job, name, getattr(job, name) + count)
    cells_at = {line: cells for line, cells, _ in chunk.rows}
    chunk.refused = [
        [entry.place, entry.external_id, entry.errors, cells_at[entry.place]] for entry in entries if entry.is_refused
    ]
    if job.state == State.RUNNING:
        chunk.rows = []  # what is in the tables need not be here a second time
    chunk.save(update_fields=["rows", "refused"])


def _finish_pass(job: ImportJob, now: datetime) -> None:
    job.leased_until, job.attempts = None, 0
    if job.state == State.CHECKING:
        job.state = State.READY
        return
    job.state, job.finished_at = State.DONE, now
    audit.record("import.finished", actor=job.actor, patient=None, now=now, data=_trace(job))


def _give_up(job: ImportJob, now: datetime) -> None:
    """Chunks that were written stay written; the rest can be imported anew, which is harmless."""
    ImportJob.objects.filter(pk=job.pk, state=job.state, attempts=job.attempts).update(
        state=State.FAILED,
        finished_at=now,
        leased_until=None,
        error=f"Stopped after {job.cursor * batch.MOST_ROWS:,} rows. Upload the file again: what is in stays as it is.",
    )


def _trace(job: ImportJob) -> dict[str, Any]:
    return {
        "import": job.pk,
        "kind": job.kind,
        "rows": job.rows_total,
        **{name: getattr(job, name) for name in _COUNTS},
    }
