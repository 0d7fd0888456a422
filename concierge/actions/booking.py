"""Appointment times by text: offer two, take one. An offer is one message's, ends after two days, is taken once."""

import logging
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q

from common import clock
from common.claims import claim
from common.errors import Refused
from concierge.understanding import Names, when
from concierge.understanding.phrases import normal
from concierge.visit_policy import Act
from members import scheduling
from members.models import Location, Patient, Service, Visit
from members.scheduling import ANYTIME, Opening, SchedulerError, TimeWish
from outreach.models import Message, Offer

log = logging.getLogger(__name__)

LIFETIME = timedelta(hours=48)
KEPT_FOR = timedelta(minutes=30)
_AHEAD = timedelta(days=14)
_OPENS, _CLOSES = time(9), time(19)  # where a location has told no hours
_REMEMBERED = timedelta(days=14)  # a "2" that comes later than this answers something else


def find_times(
    *, patient: Patient, service_id: int, use_by: datetime | None, now: datetime, wish: TimeWish = ANYTIME
) -> list[Opening]:
    """Up to two times that suit the wish and the patient and lie before `use_by`, the end of the credit; none when the
    scheduler cannot say. Not inside a transaction."""
    until = now + _AHEAD
    if wish.last_day:
        zone = ZoneInfo(patient.home_location.time_zone)
        until = datetime.combine(wish.last_day + timedelta(days=1), time.min, tzinfo=zone).astimezone(UTC)
    until = min(until, use_by or until)
    service = Service.objects.get(pk=service_id)
    try:
        return scheduling.get().openings(patient=patient, service=service, after=now, until=until, wish=wish)
    except SchedulerError:
        log.warning("the scheduler has no openings to tell", extra={"patient_pk": patient.pk})
        return []


def nearest_times(
    *, patient: Patient, service_id: int, use_by: datetime | None, now: datetime, wish: TimeWish
) -> tuple[list[Opening], bool]:
    """Times for the wish, kept while the patient decides; else the nearest, and False. Not inside a transaction."""
    looser = (wish, wish.any_hour(), replace(wish, days=(), provider_id=None), ANYTIME)
    for tried in dict.fromkeys(looser):
        found = find_times(patient=patient, service_id=service_id, use_by=use_by, now=now, wish=tried)
        if found:
            _keep(patient, found, now)
            return found, tried == wish
    return [], wish == ANYTIME


def wish_of(text: str, *, patient: Patient | None, now: datetime, named: int | None = None) -> TimeWish | None:
    """The days, hours and provider that a text names, on the clock of the patient's home location at `now`.

    `named` is the provider whom the reader found in the text.
    """
    if patient is None:
        return None
    location = patient.home_location
    there = clock.local(now, location.time_zone)
    wish = when.read(text, now=there, opens=_OPENS, closes=_CLOSES)
    if wish and (week := list(location.business_hours.all())):  # the hours decide what "late" means
        opens, closes = min(hours.opens for hours in week), max(hours.closes for hours in week)
        wish = when.read(text, now=there, opens=opens, closes=closes)
    provider_id = _provider_named(text, location) or named
    return replace(wish or ANYTIME, provider_id=provider_id) if provider_id else wish


def providers_of(patient: Patient | None) -> list[Names]:
    """The people of the patient's home location by first and by whole name, for the reader."""
    people = patient.home_location.providers.all() if patient else ()
    return [Names(one.pk, tuple({one.name, one.name.partition(" ")[0]})) for one in people]


def _provider_named(text: str, location: Location) -> int | None:
    """ "With Hannah", "con Hannah": one of the location's providers by first name; None when it may be two."""
    found = re.findall(r"(?<![^ ])(?:with|see|con) (\w+)", normal(text))
    if not found:
        return None
    named = [one.pk for one in location.providers.all() if normal(one.name).partition(" ")[0] in found]
    return named[0] if len(named) == 1 else None


def _keep(patient: Patient, found: Sequence[Opening], now: datetime) -> None:
    """Hold what is about to be named, after the patient has asked (settled: 15). Without a hold it is still true."""
    try:
        scheduling.get().hold(
            patient=patient, openings=found, until=now + KEPT_FOR, actor=f"patient:{patient.pk}", now=now
        )
    except (Refused, SchedulerError):
        log.warning("times offered without a hold", extra={"patient_pk": patient.pk})


def offer(
    *,
    message: Message,
    patient: Patient,
    openings: Sequence[Opening],
    words: Sequence[str],
    language: str,
    now: datetime,
    acts: Sequence[str] = (),
    visit_id: int | None = None,
) -> Offer:
    """Bind the times to the message that names them, in the order in which it does; `words` are how it says them.

    `acts` say what each does when it is picked, if not a booking; `visit_id` is the appointment that it is about.
    """
    acts = acts or [Act.BOOK] * len(openings)
    options = [
        {**_option(opening, said, language), "act": str(act), "visit": visit_id}
        for opening, said, act in zip(openings, words, acts, strict=True)
    ]
    return Offer.objects.create(
        message=message,
        patient=patient,
        kind=Offer.Kind.APPOINTMENT,
        options=options,
        made_at=now,
        expires_at=now + LIFETIME,
    )


def if_times(last: Offer, *, patient: Patient, now: datetime) -> Offer | None:
    """The last offer to a number, if it names times to this patient; after anything else a "2" means that."""
    is_mine = last.kind == Offer.Kind.APPOINTMENT and last.patient_id == patient.pk
    return last if is_mine and now - last.made_at < _REMEMBERED else None


def openings_of(offer: Offer) -> tuple[Opening, ...]:
    return tuple(_opening(option) for option in offer.options)


def language_of(offer: Offer) -> str:
    """The language in which the times were named."""
    return str(offer.options[0]["language"])


def acts_of(offer: Offer) -> tuple[str, ...]:
    return tuple(option.get("act", Act.BOOK) for option in offer.options)


def visit_of(offer: Offer) -> int | None:
    """The appointment that the question was about."""
    pk = offer.options[0].get("visit")
    return int(pk) if pk is not None else None


def take(*, offer: Offer, option: int, patient: Patient, now: datetime) -> Visit:
    """Take the option and do what it says: book, move, cancel or keep. Not inside a transaction.

    Raises Refused: offer_taken (taken before or expired; nothing is done), slot_taken or slot_past (the time is gone,
    and so is this offer), not_booked; SchedulerError when the scheduler cannot say.
    """
    still_open = Offer.objects.filter(Q(pk=offer.pk), taken_at__isnull=True, expires_at__gt=now)
    if not claim(still_open, taken_at=now, taken_option=option):
        raise Refused("These times were offered before and are no longer open.", code="offer_taken")
    scheduler, opening, act = scheduling.get(), openings_of(offer)[option], acts_of(offer)[option]
    actor = f"patient:{patient.pk}"
    if act == Act.BOOK:
        return scheduler.book(patient=patient, opening=opening, actor=actor, now=now)
    visit = patient.visits.select_related("patient", "location").filter(pk=visit_of(offer) or 0).first()
    if visit is None:
        raise Refused("This appointment is not there any more.", code="not_booked")
    if act == Act.MOVE:
        return scheduler.move(visit=visit, opening=opening, actor=actor, now=now)
    if act == Act.CANCEL:
        scheduler.cancel(visit=visit, actor=actor, now=now)
    return visit


def _option(opening: Opening, words: str, language: str) -> dict[str, Any]:
    return {
        "words": words,
        "language": language,
        "service": opening.service_id,
        "location": opening.location_id,
        "provider": opening.provider_id,
        "starts_at": opening.starts_at.isoformat(),
        "ends_at": opening.ends_at.isoformat(),
    }


def _opening(option: dict[str, Any]) -> Opening:
    return Opening(
        service_id=option["service"],
        location_id=option["location"],
        provider_id=option["provider"],
        starts_at=datetime.fromisoformat(option["starts_at"]),
        ends_at=datetime.fromisoformat(option["ends_at"]),
    )
