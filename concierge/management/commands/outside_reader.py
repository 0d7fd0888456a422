"""`outside_reader on openai MODEL --baa-signed-on 2026-01-31 --baa-reference "Drive/BAA.pdf"`, `off`, `status`."""

from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from common import clock
from common.errors import Refused
from concierge import outside_reading
from concierge.models import OutsideReader


class Command(BaseCommand):
    help = "Let the language model of another company read texts too, or stop it; off unless switched on here."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("act", choices=("on", "off", "status"))
        parser.add_argument("provider", nargs="?", default="", help=" or ".join(OutsideReader.Provider.values))
        parser.add_argument("model", nargs="?", default="")
        parser.add_argument("--base-url", default="", help="Of a server that speaks the provider's API.")
        parser.add_argument("--baa-signed-on", type=date.fromisoformat, help="YYYY-MM-DD.")
        parser.add_argument("--baa-reference", default="", help="Where the signed agreement is kept.")

    def handle(self, *args: Any, **options: Any) -> None:
        now = clock.now()
        try:
            if options["act"] == "on":
                outside_reading.switch_on(
                    provider=options["provider"],
                    model=options["model"],
                    base_url=options["base_url"],
                    baa_signed_on=options["baa_signed_on"],
                    baa_reference=options["baa_reference"],
                    actor="system",
                    now=now,
                )
            elif options["act"] == "off":
                outside_reading.switch_off(actor="system", now=now)
        except Refused as refused:
            raise CommandError(refused.message) from None
        row = OutsideReader.objects.filter(is_on=True).first()
        self.stdout.write(f"On: {row}" if row else "Off: texts are read on this machine only.")
