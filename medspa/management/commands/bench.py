"""Measure the product against a floor of the same run, in a PostgreSQL database of its own that is then dropped."""

import json
import logging
from argparse import ArgumentParser
from collections.abc import Callable, Iterable
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from common.errors import Refused


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="A bench of bench/catalogue.py, or `all`.")
        parser.add_argument("--members", type=int, default=10_000, help="How many (10000); texts and messages follow.")
        parser.add_argument("--runs", type=int, default=3, help="The figure is their median (3).")
        parser.add_argument("--json", action="store_true", help="One JSON object a figure.")

    def handle(self, *args: Any, **options: Any) -> None:
        from bench import harness
        from bench.catalogue import BENCHES  # it brings in every floor and its own packages

        name = options["name"]
        chosen = BENCHES if name == "all" else {name: BENCHES[name]} if name in BENCHES else {}
        if not chosen or options["members"] < 1 or options["runs"] < 1:
            raise CommandError(f"Choose all, {', '.join(BENCHES)}; members and runs from 1 on.")
        if not options["json"]:
            self.stdout.write(harness.HEADING)
        logging.disable(logging.WARNING)  # a line a row would be measured too
        try:
            self._measure(chosen.values(), options)
        finally:
            logging.disable(logging.NOTSET)

    def _measure(self, chosen: Iterable[Callable[[int, int], Iterable[Any]]], options: dict[str, Any]) -> None:
        from bench import databases

        for measure in chosen:
            try:
                with databases.own():
                    results = measure(options["members"], options["runs"])
            except Refused as refused:
                raise CommandError(refused.message) from None
            for result in results:
                self.stdout.write(json.dumps(result.as_json()) if options["json"] else result.as_line())
