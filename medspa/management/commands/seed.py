"""Invent the demo's practice: members with a year of visits, credits, payments and texts."""

import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from common import clock
from common.errors import Refused
from medspa.demo import preparing, seeding


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--members", type=int, default=240)
        parser.add_argument("--reset", action="store_true", help="Delete the demo's data first.")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("Invented patients belong in a demo only: run this with DEMO=true.")
        if options["reset"]:
            try:
                self.stdout.write(preparing.reset())
            except Refused as refusal:
                raise CommandError(refusal.message) from None
            call_command("migrate", interactive=False, verbosity=0)
        began = time.monotonic()
        made = seeding.seed(members=options["members"], now=clock.now())
        if made is None:
            self.stdout.write("There is a practice already; nothing was changed. --reset starts over.")
            return
        seconds = time.monotonic() - began
        self.stdout.write(
            f"Made {made.members} members, {made.visits} visits and {made.messages} messages in {seconds:.1f} s."
        )
