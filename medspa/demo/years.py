"""Playing time in the demo: days, weeks or a year go by in small steps, and all that is due in each happens.

The clock moves a few hours, Stripe's stand-in does what is due, its events arrive, the recurring work runs; then the
next hours. Chunks of a few seconds each, so no request waits and nothing runs over a time limit (settled.md 5).
"""

import time
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.module_loading import import_string

from common import clock
from common.claims import claim
from common.errors import Refused
from medspa import schedules, ticking
from medspa.demo import fates
from medspa.models import PlayedTime
from members import billing
from members.models import StandinObject, StripeEvent
from members.stripe_standin import delivery, timeline

HOP = timedelta(hours=6)
CHUNK_SECONDS = 4.0
LEASE = timedelta(seconds=60)
LONGEST = timedelta(days=366)
_NOT_PLAYED = frozenset({"reconcile"})  # it compares, it does not happen
# Of the jobs of each minute those whose days would be passed over: the workers know only where the clock stands.
_ALSO_PLAYED = frozenset({"cadence", "memberships"})
# Counting the month anew is a seventh of the work of a played year; nobody reads the figures between two hops.
_ONCE_A_DAY = frozenset({"metrics"})


def start(*, span: timedelta, now: datetime) -> PlayedTime:
    """Let this much time go by from the demo's now on. Raises Refused while another stretch is played."""
    if not timedelta() < span <= LONGEST:
        raise Refused("At most a year can be played at once.", code="bad_span")
    try:
        with transaction.atomic():
            return PlayedTime.objects.create(until=now + span, asked_at=now)
    except IntegrityError:
        raise Refused("Time is being played already; wait until it is done.", code="under_way") from None


def under_way() -> PlayedTime | None:
    return PlayedTime.objects.filter(runs=True).first()


def work() -> bool:
    """What is due now; then, of a stretch that is under way, one chunk. True if there was one."""
    settle(clock.now())
    real, job = clock.now() - clock.offset(), under_way()
    free = Q(leased_until__isnull=True) | Q(leased_until__lte=real)
    if job is None or not claim(PlayedTime.objects.filter(free, pk=job.pk, runs=True), leased_until=real + LEASE):
        return False
    ends = time.monotonic() + CHUNK_SECONDS
    while (left := job.until - clock.now()) > timedelta() and time.monotonic() < ends:
        before = clock.now()
        clock.advance(min(HOP, left))
        _live_through(before, clock.now())
    over = clock.now() >= job.until
    PlayedTime.objects.filter(pk=job.pk).update(runs=None if over else True, leased_until=None)
    return True


def settle(now: datetime) -> None:
    """Everything due at this moment happens at Stripe, arrives here and is acted on."""
    while timeline.happen(now=now, before=fates.decide):
        _deliver(now)
    _deliver(now)


def _live_through(before: datetime, now: datetime) -> None:
    settle(now)
    ticking.tick(now=now)
    for job in schedules.JOBS:
        span = (1440 if job.name in _ONCE_A_DAY else job.minutes) * 60
        due = int(before.timestamp()) // span != int(now.timestamp()) // span
        played = job.minutes >= 60 or job.name in _ALSO_PLAYED
        if played and due and job.name not in _NOT_PLAYED:
            import_string(job.func)()


def _deliver(now: datetime) -> None:
    """What the queue's workers would do as well: whoever comes first claims it."""
    fresh = StandinObject.objects.filter(kind="event", delivered_at__isnull=True, attempts=0)
    for pk in list(fresh.order_by("created_at", "pk").values_list("pk", flat=True)):
        delivery.deliver(pk, now=now)
    waiting = StripeEvent.objects.filter(state=StripeEvent.State.STORED, attempts=0)
    for key in list(waiting.order_by("pk").values_list("pk", flat=True)):
        billing.apply(key, now=now)
