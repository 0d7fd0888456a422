"""`evaluate_concierge FILE.jsonl`: how well the concierge understands labelled texts. Run it before going live.

Each line is `{"text": "...", "intent": "book", "accept": ["book", "reschedule"]}`; `accept` may be left out.
"""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from concierge.understanding import evaluation, local
from concierge.understanding.base import Intent


class Command(BaseCommand):
    help = "Print accuracy, recall and precision by intent, abstentions, false opt-outs and CPU time a text."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help='JSON lines: {"text", "intent", "accept": [...]}.')
        parser.add_argument("--json", action="store_true", help="One JSON object in place of a table.")
        parser.add_argument("--wrong", action="store_true", help="Also list the texts that were misread.")

    def handle(self, *args: Any, **options: Any) -> None:
        labelled = _labelled(options["file"])
        reader = local.opened()
        if reader is None:
            call_command("train_concierge", stdout=self.stderr)
            reader = local.opened()
        if reader is None:
            raise CommandError("The engine could not be built. Run manage.py train_concierge and read what it says.")
        report = evaluation.evaluate(labelled, reader)
        if options["json"]:
            self.stdout.write(json.dumps(_as_data(report), ensure_ascii=False))
            return
        for line in _as_lines(report):
            self.stdout.write(line)
        if options["wrong"]:
            for one in report.reads:
                if not one.is_right:
                    wanted = one.labelled.intent.value
                    self.stdout.write(f"{wanted:18} {one.intent.value:18} {one.confidence:.2f} {one.labelled.text}")


def _labelled(file: Path) -> list[evaluation.Labelled]:
    """Raises CommandError that names the line which cannot be used."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{file} cannot be read: {error}.") from None
    found = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            one = json.loads(line)
            intent = Intent(one["intent"])
            accept = frozenset(map(Intent, one.get("accept") or [])) | {intent}
            found.append(evaluation.Labelled(str(one["text"]), intent, accept))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise CommandError(f'Line {number}: {error}. Write {{"text": "…", "intent": "book"}}.') from None
    if not found:
        raise CommandError(f"{file} holds no texts.")
    return found


def _as_data(report: evaluation.Report) -> dict[str, Any]:
    return {
        "n": len(report.reads),
        "accuracy": report.accuracy,
        "recall": report.recall,
        "precision": report.precision,
        "abstention_rate": report.abstained,
        "false_opt_outs": report.false_opt_outs,
        "p50_ms": round(report.milliseconds(50), 2),
        "p99_ms": round(report.milliseconds(99), 2),
        "confusions": [[*pair, count] for pair, count in report.confusions().most_common()],
    }


def _as_lines(report: evaluation.Report) -> list[str]:
    lines = [
        f"n                {len(report.reads)}",
        f"accuracy         {_percent(report.accuracy)}",
        f"abstention rate  {_percent(report.abstained)}",
        f"false opt-outs   {_percent(report.false_opt_outs)}",
        f"ms per text      p50 {report.milliseconds(50):.1f}, p99 {report.milliseconds(99):.1f} (CPU)",
        "",
        f"{'intent':18} {'n':>5} {'recall':>8} {'precision':>10}",
    ]
    for intent in Intent:
        count = sum(one.labelled.intent == intent for one in report.reads)
        if count or report.precision[intent.value] is not None:
            recall, precision = _percent(report.recall[intent.value]), _percent(report.precision[intent.value])
            lines.append(f"{intent.value:18} {count:5} {recall:>8} {precision:>10}")
    return lines


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share * 100:.1f} %"
