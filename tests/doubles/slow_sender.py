"""A worker process for the kill test: the real queue cluster over a carrier that takes its time.

Run as `python -m tests.doubles.slow_sender` with DATABASE_URL naming the test database, in a process group of its own;
it works until it is killed. Beside the cluster it runs the tick's two sending steps, as the ticker would.
"""

import time
from uuid import UUID

import django


def main() -> None:
    django.setup()

    from django_q.cluster import Cluster

    from common import clock
    from outreach import outbox, transports
    from outreach.transports.base import Receipt
    from outreach.transports.phonebook import Phonebook

    class SlowCarrier(Phonebook):
        """Accepts after a moment and answers after another: a kill may fall before, between or behind."""

        def send(self, *, to: str, body: str, message_uuid: UUID, valid_seconds: int | None) -> Receipt:
            time.sleep(0.03)
            receipt = super().send(to=to, body=body, message_uuid=message_uuid, valid_seconds=valid_seconds)
            time.sleep(0.05)
            return receipt

    transports.sms = SlowCarrier
    Cluster().start()  # two workers, forked: they inherit the slow carrier
    print("ready", flush=True)
    while True:
        outbox.recover_stuck(now=clock.now())
        outbox.send_due(now=clock.now())
        time.sleep(0.2)


if __name__ == "__main__":
    main()
