"""Queue doors of the members floor: ids in, one verb each."""

from common import clock
from common.logs import traced
from members import billing
from members.importing import jobs


def apply_stripe_event(pk: int) -> None:
    with traced("stripe-event", str(pk)):
        billing.apply(pk, now=clock.now())


def advance_import(pk: int) -> None:
    with traced("import", str(pk)):
        jobs.advance(pk, now=clock.now())
