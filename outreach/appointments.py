"""Appointments that the desk confirmed after the patient had asked for them: the patient hears it, once."""

import logging
from datetime import datetime

from django.db import transaction

from common import clock
from common.claims import claim
from common.rounds import in_time
from members.models import Practice, Visit
from outreach import outbox, wording
from outreach.models import Message

log = logging.getLogger(__name__)

BATCH = 200
_DAYS = {
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    "es": ("lun", "mar", "mié", "jue", "vie", "sáb", "dom"),
}
_MONTHS = {
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    "es": ("ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic"),
}
_CONFIRMED = {
    "en": "It's confirmed: you're booked {weekday} {month} {day}, {time}, {practice} {location}. Plans changed? Just "
    "text us.",
    "es": "Confirmado: su cita es el {weekday} {day} {month}, {time}, {practice} {location}. ¿Cambio de planes? "
    "Escríbanos.",
}


def tell_confirmed(*, now: datetime) -> int:
    """Text every patient whose request was keyed in. The patient asked for it, so it is a reply (settled: 13)."""
    waiting = Visit.objects.filter(confirmed_at__isnull=False, confirmation_told_at__isnull=True)
    told = 0
    for pk in in_time(list(waiting.order_by("confirmed_at").values_list("pk", flat=True)[:BATCH])):
        try:
            with transaction.atomic():
                told += _tell(pk, now)
        except Exception:
            log.exception("confirmation not written", extra={"visit_pk": pk})  # stays unclaimed: tried again
    return told


def _tell(pk: int, now: datetime) -> bool:
    if not claim(Visit.objects.filter(pk=pk, confirmation_told_at__isnull=True), confirmation_told_at=now):
        return False
    visit = Visit.objects.select_related("patient__home_location", "location").get(pk=pk)
    if visit.status != Visit.Status.BOOKED or visit.starts_at <= now or not visit.patient.phone:
        return False
    outbox.post(
        kind=Message.Kind.CONFIRMATION,
        body=_words(visit),
        dedupe_key=f"visit:{pk}:confirmed",
        patient=visit.patient,
        location=visit.location,
        now=now,
    )
    return True


def _words(visit: Visit) -> str:
    language = visit.patient.language
    there = clock.local(visit.starts_at, visit.location.time_zone)
    minutes = f":{there.minute:02d}" if there.minute else ""
    said = _CONFIRMED[language].format(
        weekday=_DAYS[language][there.weekday()],
        month=_MONTHS[language][there.month - 1],
        day=there.day,
        time=f"{there.hour % 12 or 12}{minutes} {'am' if there.hour < 12 else 'pm'}",
        practice=Practice.current().name,
        location=visit.location.name,
    )
    return wording.plain(said)
