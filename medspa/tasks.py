"""Queue doors of the top floor."""

from common import clock
from common.logs import traced
from medspa import ticking
from members import credits


def tick() -> None:
    with traced("tick"):
        ticking.tick(now=clock.now())


def expire_credits() -> None:
    with traced("expire-credits"):
        credits.expire_due(now=clock.now())
