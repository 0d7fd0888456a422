"""Queue doors of the top floor."""

from django.core.management import call_command

from common import clock
from common.logs import traced
from medspa import ticking
from medspa.portal import drafts
from members import credits
from members.importing import jobs


def tick() -> None:
    with traced("tick"):
        ticking.tick(now=clock.now())


def expire_credits() -> None:
    with traced("expire-credits"):
        credits.expire_due(now=clock.now())


def intake() -> None:
    with traced("intake"):
        jobs.advance_waiting(now=clock.now())


def tidy_accounts() -> None:
    with traced("tidy-accounts"):
        drafts.forget_old(now=clock.now())
        call_command("clearsessions")
