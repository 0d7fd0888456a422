"""Make the queue's schedule rows equal `medspa/schedules.py`. Run at each deploy."""

from typing import Any

from django.core.management.base import BaseCommand

from medspa import schedules


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write("Schedules: " + ", ".join(schedules.sync()))
