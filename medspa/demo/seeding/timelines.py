"""A year of one member: paid periods, credits, visits. Pure but for the shared diary; the same for the same member."""

from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from common import clock
from medspa.demo.seeding.diary import Diary
from medspa.demo.seeding.lives import Life, Lot, Period, Persona, PlannedVisit
from medspa.demo.seeding.practice import House
from members.models import Membership, Service, Visit

Status = Membership.Status

# Names of the stand-in's test cards too, so that web and stand-in tell the same.
SOFT_DECLINES = ("insufficient_funds", "generic_decline", "processing_error")
HARD_DECLINES = ("expired_card",)
# Days between visits, for a plan with one benefit.
_GAPS = {"regular": (14, 25), "occasional": (25, 43), "drifting": (16, 28)}
_BOOKS_AHEAD = {"regular": 0.6, "occasional": 0.35, "drifting": 0.05, "never": 0.05}
_CHARGE_TAKES = timedelta(minutes=2)
_GRACE = timedelta(days=14)
_ONE_DAY = timedelta(days=1)
SHOPS_AFTER = timedelta(days=12)  # a wallet's money is spent so long after it came


def start_and_end(persona: Persona, rng: Random, now: datetime) -> tuple[datetime, datetime | None]:
    """When the first period began, and when the membership ended, if it did."""
    if persona.standing == Status.PAST_DUE or persona.recovered_hours_ago:
        last = now - timedelta(days=persona.unpaid_days)
    else:
        last = now - timedelta(days=rng.randint(2, 26), minutes=rng.randint(0, 600))
    months = persona.months
    started = clock.months_later(last.replace(second=0, microsecond=0), -(months - 1))
    if persona.standing == Status.CANCELLED:
        return started, clock.months_later(started, rng.randint(1, max(1, months - 1)))
    if persona.standing == Status.LAPSED:
        return started, clock.months_later(started, max(1, months - 2)) + _GRACE
    return started, None


def fill(life: Life, house: House, diary: Diary, now: datetime, *, today: bool) -> None:
    """Give the life its periods, credits and visits up to `now`, and what is booked after it."""
    life.periods = _periods(life, now)
    life.lots = [
        Lot(
            period=period,
            benefit=benefit,
            services=tuple(benefit.services.all()),
            quantity=benefit.quantity,
            granted_at=period.paid_at,
            expires_at=clock.months_later(period.start, benefit.valid_months or 1),
        )
        for period in life.periods
        if period.paid_at
        for benefit in house.offer.benefits[life.version.pk]
    ]
    _past_visits(life, house, diary, now, today=today)
    grace = timedelta(days=life.version.usable_after_cancel_days)
    for lot in life.lots:
        if lot.is_money and lot.granted_at + SHOPS_AFTER < min(now, life.ended_at or now):
            lot.paid_out = (0, 2400, 3900)[(life.index + lot.period.number) % 3]
        ends = min(lot.expires_at, life.ended_at + grace) if life.ended_at else lot.expires_at
        if ends <= now:
            lot.expired, lot.expired_at = lot.remaining, ends
    _booking(life, house, diary, now)


def _periods(life: Life, now: datetime) -> list[Period]:
    last_moment = min(now, life.ended_at - timedelta(seconds=1)) if life.ended_at else now
    periods: list[Period] = []
    while (start := clock.months_later(life.started_at, len(periods))) <= last_moment:
        number = len(periods) + 1
        end = clock.months_later(life.started_at, number)
        periods.append(Period(number, start, end, paid_at=start + _CHARGE_TAKES))
    standing, rng = life.persona.standing, life.rng
    if standing in (Status.PAST_DUE, Status.LAPSED):
        last = periods[-1]
        last.paid_at, last.failed_at = None, last.start + _CHARGE_TAKES
        last.attempts = 4 if standing == Status.LAPSED else 1 + int(life.persona.unpaid_days // 3)
        last.decline_code = rng.choice(SOFT_DECLINES + HARD_DECLINES)
    if life.persona.recovered_hours_ago:
        last = periods[-1]
        last.failed_at, last.attempts, last.decline_code = last.paid_at, 2, SOFT_DECLINES[0]
        last.paid_at = now - timedelta(hours=life.persona.recovered_hours_ago)
    settled = [period for period in periods[1:] if period.paid_at and period.start < now - timedelta(days=12)]
    if life.persona.failed_before and settled:
        bumpy = settled[-1] if life.persona.failed_lately else rng.choice(settled)
        bumpy.failed_at, bumpy.attempts = bumpy.paid_at, 2
        bumpy.paid_at = bumpy.start + timedelta(days=rng.randint(1, 5), hours=rng.randint(1, 9))
        bumpy.decline_code = rng.choice(SOFT_DECLINES)
    return periods


def _past_visits(life: Life, house: House, diary: Diary, now: datetime, *, today: bool) -> None:
    for day in _days(life, now, today=today):
        service = _choose_service(life, house, day)
        found = diary.book(life.persona.place, service, day.date(), life.rng)
        if found is None and day + _ONE_DAY < now - _ONE_DAY:  # closed or full: the day after
            found = diary.book(life.persona.place, service, (day + _ONE_DAY).date(), life.rng)
        if found is None:
            continue
        provider, starts_at, ends_at = found
        booked_at = max(starts_at - timedelta(days=life.rng.randint(2, 16)), life.started_at)
        if ends_at > now:
            life.visits.append(PlannedVisit(service, provider, starts_at, ends_at, Visit.Status.BOOKED, booked_at))
            continue
        outcomes = (Visit.Status.COMPLETED, Visit.Status.CANCELLED, Visit.Status.NO_SHOW)
        status = life.rng.choices(outcomes, (90, 6, 4))[0]
        visit = PlannedVisit(service, provider, starts_at, ends_at, status, booked_at)
        life.visits.append(visit)
        if status == Visit.Status.COMPLETED:
            _spend(life, visit)


def _days(life: Life, now: datetime, *, today: bool) -> list[datetime]:
    """Local days (as moments) on which the member came, oldest first; with `today` if they come today."""
    zone = ZoneInfo(life.location.time_zone)
    days: list[datetime] = []
    if life.persona.habit in _GAPS:
        often = 1.0 if life.plan.tier == 1 else 0.7
        shortest, longest = (round(days * often) for days in _GAPS[life.persona.habit])
        until = min(life.ended_at or now, now - timedelta(days=1))
        if life.persona.habit == "drifting":
            until = min(until, now - timedelta(days=life.rng.randint(40, 105)))
        day = life.started_at + timedelta(days=life.rng.randint(1, 14))
        while day < until:
            days.append(day.astimezone(zone))
            day += timedelta(days=life.rng.randint(shortest, longest))
    return [*days, now.astimezone(zone)] if today and life.ended_at is None else days


def _choose_service(life: Life, house: House, when: datetime) -> Service:
    """Mostly what there is a credit for; sometimes something else."""
    covered = _usable(life, when)
    if covered and life.rng.random() < 0.88:
        soonest = min(lot.expires_at for lot in covered)
        return life.rng.choice([service for lot in covered if lot.expires_at == soonest for service in lot.services])
    return life.rng.choice(list(house.services.values()))


def _spend(life: Life, visit: PlannedVisit) -> None:
    """Take the credit that expires first, as `members.credits.spend` does."""
    live = [lot for lot in _usable(life, visit.ends_at) if visit.service in lot.services]
    if live:
        min(live, key=lambda lot: lot.expires_at).spent.append(visit)


def _usable(life: Life, when: datetime) -> list[Lot]:
    live = [lot for lot in life.lots if lot.remaining and not lot.is_money and lot.granted_at <= when < lot.expires_at]
    return [lot for lot in live if not (life.persona.keeps_credit and lot.period is life.periods[-1])]


def _booking(life: Life, house: House, diary: Diary, now: datetime) -> None:
    wanted = life.persona.booked
    if wanted is None:
        wanted = life.rng.random() < _BOOKS_AHEAD[life.persona.habit]
    if life.ended_at or life.persona.standing == Status.PAUSED or not wanted:
        return
    zone = ZoneInfo(life.location.time_zone)
    for _ in range(5):  # a closed day is drawn again
        day = (now + timedelta(days=life.rng.randint(1, 32))).astimezone(zone)
        service = _choose_service(life, house, now)
        if found := diary.book(life.persona.place, service, day.date(), life.rng, not_before=now):
            provider, starts_at, ends_at = found
            booked_at = max(now - timedelta(days=life.rng.randint(0, 12), hours=2), life.started_at)
            life.visits.append(PlannedVisit(service, provider, starts_at, ends_at, Visit.Status.BOOKED, booked_at))
            return
