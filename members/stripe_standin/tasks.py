"""Queue door of the stand-in."""

from common import clock
from common.logs import traced
from members.stripe_standin import delivery


def deliver(event_id: str) -> None:
    with traced("standin-event", event_id):
        delivery.deliver(event_id, now=clock.now())
