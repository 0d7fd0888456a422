"""Compare the columns that sum up credits and visits with the rows they sum up; repair them when told to."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from common import clock
from members import standings


class Command(BaseCommand):
    help = "Compare credits left, last visit and next appointment of every membership with the ledger and the diary."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--repair", action="store_true", help="set the columns to what the rows say")
        parser.add_argument("--json", action="store_true", help="print the differences as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        now = clock.now()
        found = standings.drifts(now=now)
        repaired = standings.repair(now=now, actor="system") if options["repair"] else 0
        if options["json"]:
            rows = [vars(drift) for drift in found]
            self.stdout.write(json.dumps({"drifts": rows, "repaired": repaired}, default=str, indent=2))
            return
        for drift in found:
            said = f"membership {drift.membership_id}: {drift.column} is {drift.stored}, the rows say {drift.computed}"
            self.stdout.write(said)
        self.stdout.write(f"{len(found)} differences; {repaired} memberships repaired.")
