"""`cadence monday [--on DATE] [--dry-run] [--json]`"""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from common import clock
from common.errors import Refused
from members.models import Location
from outreach import cadence
from outreach.cadence import Plan


class Command(BaseCommand):
    help = "Run a weekly cadence: enrol the members whom it concerns. The tick sends the texts."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("which", help=", ".join(cadence.ROUNDS))
        parser.add_argument(
            "--on", type=date.fromisoformat, help="as of this day (YYYY-MM-DD); today in UTC if not given"
        )
        parser.add_argument("--dry-run", action="store_true", help="only list who would get what, and why others not")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        now = clock.now()
        try:
            plan = cadence.plan(options["which"], on=options["on"] or _today(now), now=now)
        except Refused as refused:
            raise CommandError(refused.message) from None
        enrolled = None if options["dry_run"] else cadence.run(plan, actor="system", now=now)
        self.stdout.write(_as_json(plan, enrolled) if options["json"] else _as_text(plan, enrolled))


def _today(now: datetime) -> date:
    first = Location.objects.order_by("pk").first()
    return clock.local_date(now, first.time_zone) if first else now.date()


def _as_json(plan: Plan, enrolled: int | None) -> str:
    told = {
        "which": plan.which,
        "on": plan.on,
        "to_enrol": [asdict(planned) for planned in plan.to_enrol],
        "skipped": [asdict(skipped) for skipped in plan.skipped],
        "enrolled": enrolled,
    }
    return json.dumps(told, default=str, ensure_ascii=False, indent=2)


def _as_text(plan: Plan, enrolled: int | None) -> str:
    lines = [f"{plan.which.capitalize()} cadence for {plan.on}. To enrol: {len(plan.to_enrol)}"]
    lines += [f"  {planned.name}: {planned.words}" for planned in plan.to_enrol]
    lines += [f"Skipped: {len(plan.skipped)}"]
    lines += [f"  {skipped.name}: {skipped.why}" for skipped in plan.skipped]
    lines.append("Dry run: nobody was enrolled." if enrolled is None else f"Enrolled: {enrolled}")
    return "\n".join(lines)
