"""Run one round of the recurring work now; or, with --every, a round each N seconds until stopped."""

import json
import signal
import threading
from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from common import clock
from common.logs import traced
from medspa import ticking
from medspa.demo import years


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--at", metavar="ISO-TIME", help="Take this moment for now (UTC unless it says otherwise).")
        parser.add_argument("--every", type=float, metavar="SECONDS", help="Go on until stopped (the demo does).")
        parser.add_argument("--json", action="store_true", help="One JSON object a round.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["at"] and options["every"]:
            raise CommandError("Use --at or --every, not both.")
        if not options["every"]:
            self._round(_moment(options["at"]) if options["at"] else clock.now(), options["json"])
            return
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        while not stop.is_set():
            self._round(clock.now(), options["json"], quiet=True)
            if not (settings.DEMO and _play()):
                stop.wait(options["every"])

    def _round(self, now: datetime, as_json: bool, *, quiet: bool = False) -> None:
        with traced("tick"):
            moved = {**ticking.tick(now=now), **ticking.follow_memberships(now=now)}
        if as_json:
            self.stdout.write(json.dumps({"at": now.isoformat(), **moved}))
        elif not quiet:
            self.stdout.write("\n".join(f"{name:<18}{count:>6}" for name, count in moved.items()))
        if any(count < 0 for count in moved.values()) and not quiet:
            raise CommandError("A step failed; the log says why.")


def _play() -> bool:
    """The demo's Stripe and its played time; True while more of it is to be played."""
    with traced("play"):
        return years.work()


def _moment(written: str) -> datetime:
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        raise CommandError(f"“{written}” is no ISO time. Write e.g. 2026-06-16T16:00:00Z.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
