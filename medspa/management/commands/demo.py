"""Start the whole product on this machine with a believable practice in it: web, worker and ticker, until Ctrl-C."""

import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from common import clock
from common.errors import Refused
from medspa import schedules
from medspa.demo import preparing, processes, readiness, seeding
from medspa.demo.supervisor import GaveUp, Supervisor
from medspa.demo.welcome import welcome
from outreach import playbooks

READY_SECONDS = 90


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--reset", action="store_true", help="Delete the demo's data first.")
        parser.add_argument("--members", type=int, default=240, help="How many members to invent (first start only).")
        parser.add_argument("--host", default="127.0.0.1", help="Address to listen on.")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("This is for demonstrations only: start it with DEMO=true.")
        stop = _stop_on_signals()
        try:
            preparing.require_free_port(options["host"], settings.PORT)
            if options["reset"]:
                self.stdout.write(preparing.reset())
            self._prepare(options["members"])
        except Refused as refusal:
            raise CommandError(refusal.message) from None
        self._run(options["host"], stop)

    def _prepare(self, members: int) -> None:
        say = self.stdout.write
        preparing.migrate(say)
        schedules.sync()
        playbooks.install()
        if not seeding.is_seeded():
            say(f"Inventing a practice with {members} members and a year of history …")
            seeding.seed(members=members, now=clock.now())
        preparing.collect_static(say)
        connections.close_all()

    def _run(self, host: str, stop: threading.Event) -> None:
        supervisor = Supervisor(processes.children(host), logs=settings.VAR_DIR, say=self.stdout.write)
        try:
            supervisor.start()
            ready = readiness.Wait(host, settings.PORT, seconds=READY_SECONDS)
            supervisor.watch(lambda: stop.is_set() or ready.is_over())
            if not stop.is_set():
                if not ready.succeeded:
                    raise CommandError(f"Not ready after {READY_SECONDS} s: {ready.last}. Logs: {supervisor.logs}")
                self.stdout.write(welcome())
                self.stdout.flush()
                supervisor.watch(stop.is_set)
        except GaveUp as failure:
            raise CommandError(str(failure)) from None
        finally:
            self.stdout.write("Stopping …")
            supervisor.stop()
        self.stdout.write("Stopped.")


def _stop_on_signals() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    return stop
