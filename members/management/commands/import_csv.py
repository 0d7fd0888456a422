"""Take a CSV file in: check it and say what it would change; with --confirm, write the good rows."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from common import clock
from common.errors import Refused
from members.importing import jobs
from members.importing.kinds import WRITERS
from members.models import ImportJob

_ACTOR = "system"
_SHOWN = 20


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--kind", required=True, choices=sorted(WRITERS))
        parser.add_argument(
            "--confirm", action="store_true", help="Write the good rows. Without it nothing is written."
        )
        parser.add_argument("--json", action="store_true", help="Print one JSON object.")

    def handle(self, *args: Any, **options: Any) -> None:
        file: Path = options["file"]
        try:
            content = file.read_bytes()
            job = jobs.upload(kind=options["kind"], file_name=file.name, content=content, actor=_ACTOR, now=clock.now())
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}.") from None
        except Refused as refused:
            raise CommandError(refused.message) from None
        job = self._work_off(job)
        if options["confirm"] and job.state == ImportJob.State.READY:
            jobs.confirm(job=job, actor=_ACTOR, now=clock.now())
            job = self._work_off(job)
        self._say(job, as_json=options["json"])
        if not options["confirm"]:
            jobs.discard(job=job, actor=_ACTOR, now=clock.now())

    def _work_off(self, job: ImportJob) -> ImportJob:
        """Here and now, whether or not a worker runs; one that does is kept off by the lease."""
        jobs.work_off(job.pk, now=clock.now())
        job.refresh_from_db()
        return job

    def _say(self, job: ImportJob, *, as_json: bool) -> None:
        counts = {name: getattr(job, name) for name in ("created", "updated", "unchanged", "refused")}
        refusals: list[dict[str, Any]] = [
            {"line": each.line, "external_id": each.external_id, "errors": dict(each.errors)}
            for each in jobs.refusals(job)
        ]
        if as_json:
            self.stdout.write(json.dumps({"state": job.state, "rows": job.rows_total, **counts, "refusals": refusals}))
            return
        verb = "" if job.state == ImportJob.State.DONE else "would be "
        self.stdout.write(f"{job.rows_total:,} rows: " + ", ".join(f"{n:,} {verb}{name}" for name, n in counts.items()))
        for each in refusals[:_SHOWN]:
            self.stdout.write(f"  line {each['line']}: {' '.join(f'{k}: {v}' for k, v in each['errors'].items())}")
        if len(refusals) > _SHOWN:
            self.stdout.write(f"  … and {len(refusals) - _SHOWN:,} more")
