"""`train_concierge`: learn from the examples in the repository, if they or anything else changed since."""

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from concierge.understanding import encoder, local


class Command(BaseCommand):
    help = "Build what the concierge reads texts with; does nothing when it is up to date."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--also-fallback", action="store_true", help="Also the one that works without the encoder.")

    def handle(self, *args: Any, **options: Any) -> None:
        usable = encoder.is_usable()
        for with_encoder in (True, False):
            if with_encoder and not usable:
                continue
            if not with_encoder and usable and not options["also_fallback"]:
                continue
            started = time.monotonic()
            kind = "with the sentence encoder" if with_encoder else "without the sentence encoder"
            if local.learn(with_encoder=with_encoder):
                self.stdout.write(f"Learnt {kind} in {time.monotonic() - started:.0f} s.")
            else:
                self.stdout.write(f"Up to date {kind}.")
