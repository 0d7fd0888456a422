"""`qcluster`, with the concierge's engine loaded once, before the workers are forked: they share its memory."""

from typing import Any

from django_q.management.commands import qcluster

from concierge.understanding import local


class Command(qcluster.Command):  # type: ignore[misc]
    def handle(self, *args: Any, **options: Any) -> None:
        local.preload()
        super().handle(*args, **options)
