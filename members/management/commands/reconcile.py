"""`reconcile [--repair] [--json]`"""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from common import clock
from common.errors import Refused
from members import reconciliation
from members.models import Drift, Reconciliation
from members.stripe_gateway import StripeUnavailable


class Command(BaseCommand):
    help = (
        "Compare our rows with Stripe: events missed in an outage, subscriptions, open invoices. Exits 1 while "
        "differences are left."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--repair", action="store_true", help="bring what differs to what Stripe has")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            run = reconciliation.run(repair=options["repair"], actor="system", now=clock.now())
        except Refused as refused:
            raise CommandError(refused.message) from None
        except StripeUnavailable as error:
            raise CommandError(f"Stripe cannot be asked now ({error}). The comparison goes on by itself.") from None
        found = list(run.drifts.all())
        self.stdout.write(_as_json(run, found) if options["json"] else _as_text(run, found))
        if any(drift.repaired_at is None for drift in found):
            raise SystemExit(1)


def _as_json(run: Reconciliation, found: list[Drift]) -> str:
    drifts = [
        {
            "kind": drift.kind,
            "object": drift.object_id,
            "membership": drift.membership_id,
            "ours": drift.ours,
            "theirs": drift.theirs,
            "cause": drift.cause,
            "repaired": drift.repaired_at is not None,
        }
        for drift in found
    ]
    whole = {"checked": run.checked, "since": run.since, "drift": len(found), "drifts": drifts}
    return json.dumps(whole, default=str, ensure_ascii=False, indent=2)


def _as_text(run: Reconciliation, found: list[Drift]) -> str:
    lines = [f"{run.checked} compared, {len(found)} differ."]
    for drift in found:
        state = "repaired" if drift.repaired_at else "left"
        lines.append(f"  {state:8}  {drift.get_kind_display()} {drift.object_id}: {drift.cause}")
        if drift.ours or drift.theirs:
            lines.append(f"            here: {drift.ours or '-'}   at Stripe: {drift.theirs or '-'}")
    return "\n".join(lines)
