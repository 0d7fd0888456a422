"""Appointment times and days as a text says them, in English and Spanish."""

import logging
from dataclasses import dataclass
from datetime import date, datetime

from common import clock
from members import credits
from members.models import Membership, Visit
from members.scheduling import Opening, SchedulerError
from outreach import offers

log = logging.getLogger(__name__)

_DAYS = {
    "en": ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
    "es": ["lun", "mar", "mie", "jue", "vie", "sab", "dom"],
}
_MONTHS = {
    "en": ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
    "es": ["ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic"],
}
_TWO = {
    "en": "How about 1) {0} or 2) {1}? Reply 1 or 2.",
    "es": "¿Le va bien 1) {0} o 2) {1}? Responda 1 o 2.",
}
_NONE = {"en": "Shall we find you a time? Just reply.", "es": "¿Le buscamos una hora? Solo responda."}


@dataclass(frozen=True)
class Times:
    """Real openings (two, or none: one is no choice) and the zone in which they are said."""

    openings: tuple[Opening, ...]
    zone: str

    def words(self, language: str) -> list[str]:
        return [moment(opening.starts_at, self.zone, language) for opening in self.openings]

    def sentence(self, language: str) -> str:
        """What a text asks: one of two times where there are two, else an open question."""
        words = self.words(language)
        return _TWO[language].format(*words) if len(words) == 2 else _NONE[language]


NO_TIMES = Times((), "UTC")


def times_for(membership: Membership, *, now: datetime) -> Times:
    """Two times for the service whose credit ends first, else the one used most. Not inside a transaction."""
    service_id = _service(membership, now)
    if service_id is None:
        return NO_TIMES
    try:
        found = offers.look_up_times(patient=membership.patient, service_id=service_id, now=now)
    except SchedulerError:
        log.warning("the scheduler has no openings to tell", extra={"membership_pk": membership.pk})
        return NO_TIMES
    return Times(tuple(found[:2]) if len(found) >= 2 else (), membership.patient.home_location.time_zone)


def moment(when: datetime, zone: str, language: str) -> str:
    """'Tue Jun 23, 2:30 pm', 'mar 23 jun, 14:30'."""
    local = clock.local(when, zone)
    if language == "es":
        return f"{_day(local.date(), 'es')}, {local:%H:%M}"
    minutes = f":{local:%M}" if local.minute else ""
    return f"{_day(local.date(), 'en')}, {local.hour % 12 or 12}{minutes} {'am' if local.hour < 12 else 'pm'}"


def day(on: date, language: str) -> str:
    """'Jun 23', '23 jun'."""
    month = _MONTHS[language][on.month - 1]
    return f"{on.day} {month}" if language == "es" else f"{month} {on.day}"


def _day(on: date, language: str) -> str:
    return f"{_DAYS[language][on.weekday()]} {day(on, language)}"


def _service(membership: Membership, now: datetime) -> int | None:
    usable = [lot.services[0].pk for lot in credits.lots(membership, at=now) if lot.services]
    return usable[0] if usable else most_used(membership)


def most_used(membership: Membership) -> int | None:
    """The service of most of the patient's last visits."""
    done = membership.patient.visits.filter(status=Visit.Status.COMPLETED).order_by("-starts_at")
    services = list(done.values_list("service_id", flat=True)[:12])
    return max(set(services), key=services.count) if services else None
