"""Appointment times by text: offer two, take one. An offer is one message's, ends after two days, is taken once."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from common.claims import claim
from common.errors import Refused
from members import scheduling
from members.models import Patient, Service, Visit
from members.scheduling import Opening, SchedulerError
from outreach.models import Message, Offer

log = logging.getLogger(__name__)

LIFETIME = timedelta(hours=48)
_AHEAD = timedelta(days=14)
_REMEMBERED = timedelta(days=14)  # a "2" that comes later than this answers something else


def find_times(*, patient: Patient, service_id: int, use_by: datetime | None, now: datetime) -> list[Opening]:
    """Up to two times that suit the patient and lie before `use_by`, the end of the credit; none when the scheduler
    cannot say. Not inside a transaction."""
    until = min(now + _AHEAD, use_by or now + _AHEAD)
    service = Service.objects.get(pk=service_id)
    try:
        return scheduling.get().openings(patient=patient, service=service, after=now, until=until)
    except SchedulerError:
        log.warning("the scheduler has no openings to tell", extra={"patient_pk": patient.pk})
        return []


def offer(
    *,
    message: Message,
    patient: Patient,
    openings: Sequence[Opening],
    words: Sequence[str],
    language: str,
    now: datetime,
) -> Offer:
    """Bind the times to the message that names them, in the order in which it does; `words` are how it says them."""
    options = [_option(opening, said, language) for opening, said in zip(openings, words, strict=True)]
    return Offer.objects.create(
        message=message,
        patient=patient,
        kind=Offer.Kind.APPOINTMENT,
        options=options,
        made_at=now,
        expires_at=now + LIFETIME,
    )


def last_offer(*, patient: Patient, phone: str, now: datetime) -> Offer | None:
    """The times that this patient was offered last on this number."""
    offers = Offer.objects.filter(patient=patient, message__address=phone, kind=Offer.Kind.APPOINTMENT)
    return offers.filter(made_at__gt=now - _REMEMBERED).order_by("-made_at", "-pk").first()


def openings_of(offer: Offer) -> tuple[Opening, ...]:
    return tuple(_opening(option) for option in offer.options)


def language_of(offer: Offer) -> str:
    """The language in which the times were named."""
    return str(offer.options[0]["language"])


def take(*, offer: Offer, option: int, patient: Patient, now: datetime) -> Visit:
    """Take the option and book it. Not inside a transaction.

    Raises Refused: offer_taken (taken before or expired; nothing is booked), slot_taken or slot_past (the time is gone,
    and so is this offer); SchedulerError when the scheduler cannot say.
    """
    still_open = Offer.objects.filter(Q(pk=offer.pk), taken_at__isnull=True, expires_at__gt=now)
    if not claim(still_open, taken_at=now, taken_option=option):
        raise Refused("These times were offered before and are no longer open.", code="offer_taken")
    opening = openings_of(offer)[option]
    return scheduling.get().book(patient=patient, opening=opening, actor=f"patient:{patient.pk}", now=now)


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
