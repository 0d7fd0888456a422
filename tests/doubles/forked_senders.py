"""Workers for the kill test: forked from one parent, so that a new one is there at once.

Run as `python -m tests.doubles.forked_senders` with DATABASE_URL naming the test database, in a process group of its
own. Each line on its standard input starts a worker, whose pid is its answer. A worker runs the tick's two sending
steps over a counting carrier, the phonebook, which takes its time, until it is killed.
"""

import os
import random
import signal
import sys
import time
from uuid import UUID

import django


def main() -> None:
    django.setup()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead are not waited for
    for number, _ in enumerate(sys.stdin):
        pid = os.fork()
        if pid == 0:
            work(random.Random(number))
        print(pid, flush=True)


def work(chance: random.Random) -> None:
    from common import clock
    from outreach import outbox, transports
    from outreach.transports.base import Receipt
    from outreach.transports.phonebook import Phonebook

    class SlowCarrier(Phonebook):
        """A kill falls before it has taken the text, or after it took it and before we know."""

        def send(self, *, to: str, body: str, message_uuid: UUID, valid_seconds: int | None) -> Receipt:
            time.sleep(chance.random() * 0.004)
            receipt = super().send(to=to, body=body, message_uuid=message_uuid, valid_seconds=valid_seconds)
            time.sleep(chance.random() * 0.004)
            return receipt

    transports.sms = SlowCarrier
    while True:
        outbox.recover_stuck(now=clock.now())
        outbox.send_due(now=clock.now())
        time.sleep(0.05)


if __name__ == "__main__":
    main()
