"""`replay_events --failed [--quarantined] [--unmatched]`"""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from common import clock
from members import billing
from members.models import StripeEvent

_STATES = (StripeEvent.State.FAILED, StripeEvent.State.QUARANTINED, StripeEvent.State.UNMATCHED)


class Command(BaseCommand):
    help = "Apply again, from the live object, Stripe's events that came to nothing. Exits 1 if one fails again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        for state in _STATES:
            parser.add_argument(f"--{state}", action="store_true", help=f"the ones in the state “{state.label}”")

    def handle(self, *args: Any, **options: Any) -> None:
        states = [state for state in _STATES if options[state.value]]
        if not states:
            raise CommandError("Say which ones: --failed, --quarantined, --unmatched.")
        now, failed = clock.now(), 0
        events = list(StripeEvent.objects.filter(state__in=states).order_by("received_at", "pk"))
        for event in events:
            billing.replay(event=event, by=None, now=now)
            billing.apply(event.pk, now=now)
            event.refresh_from_db()
            failed += event.state == StripeEvent.State.FAILED
            self.stdout.write(f"{event.type} {event.stripe_id}: {event.get_state_display()} {event.error}".rstrip())
        self.stdout.write(f"{len(events)} replayed, {failed} failed again.")
        if failed:
            raise SystemExit(1)
