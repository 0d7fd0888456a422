"""Queue doors of this floor: ids in, one verb each."""

from common import clock
from common.logs import traced
from outreach import outbox


def send_message(pk: int) -> None:
    with traced("send", str(pk)):
        outbox.send(pk, now=clock.now())
