"""A sender process for the kill test: the real outbox over a carrier that takes its time.

Run as `python -m tests.doubles.slow_sender` with DATABASE_URL naming the test database; it sends until it is killed.
"""

import time
from datetime import datetime
from uuid import UUID

import django


def main() -> None:
    django.setup()

    from common import clock
    from outreach import outbox, transports
    from outreach.transports.base import Receipt
    from outreach.transports.phonebook import Phonebook

    class SlowCarrier(Phonebook):
        """Accepts after a moment and answers after another: a kill may fall before, between or behind."""

        def send(self, *, to: str, body: str, message_uuid: UUID, valid_seconds: int | None) -> Receipt:
            time.sleep(0.02)
            receipt = super().send(to=to, body=body, message_uuid=message_uuid, valid_seconds=valid_seconds)
            time.sleep(0.03)
            return receipt

        def find(self, *, to: str, body: str, since: datetime) -> Receipt | None:
            return super().find(to=to, body=body, since=since)

    transports.sms = SlowCarrier
    print("ready", flush=True)
    while True:
        outbox.recover_stuck(now=clock.now())
        outbox.send_due(now=clock.now())
        time.sleep(0.05)


if __name__ == "__main__":
    main()
