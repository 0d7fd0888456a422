"""Prove that the audit trail is as it was written, or name the first entry that is not.

Exit code 1 when it is broken. Note the printed head somewhere else, and check a later trail against it with --known.
"""

import json
from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from common import clock
from common.errors import Refused
from members import audit_seals


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--day", metavar="YYYY-MM-DD", help="Only what was sealed on that day (UTC).")
        parser.add_argument("--known", metavar="POSITION:DIGEST", help="A head that was noted down earlier.")
        parser.add_argument("--json", action="store_true", help="One JSON object.")

    def handle(self, *args: Any, **options: Any) -> None:
        day, known, now = _day(options["day"]), _known(options["known"]), clock.now()
        try:
            found = audit_seals.verify(day=day, known=known)
        except Refused as refused:
            raise CommandError(refused.message) from None
        audit_seals.note(found, actor="system", now=now)
        if options["json"]:
            self.stdout.write(json.dumps(found.as_data()))
        elif found.broken is None:
            self.stdout.write(
                f"The audit trail holds: {found.links:,} entries, {found.unsealed:,} wait for their seal."
            )
            self.stdout.write(f"Head: {found.position}:{found.head}")
        if found.broken:
            entry = f"entry {found.broken.entry}" if found.broken.entry else "an entry"
            raise CommandError(f"Broken at link {found.broken.position}: {entry} {found.broken.words}.", returncode=1)


def _day(written: str | None) -> date | None:
    try:
        return date.fromisoformat(written) if written else None
    except ValueError:
        raise CommandError(f"“{written}” is no date. Write e.g. 2026-06-16.") from None


def _known(written: str | None) -> tuple[int, str] | None:
    if not written:
        return None
    position, colon, digest = written.partition(":")
    if not (colon and position.isdecimal() and len(digest) == 64):
        raise CommandError("--known takes POSITION:DIGEST, as an earlier run printed it after “Head:”.")
    return int(position), digest
