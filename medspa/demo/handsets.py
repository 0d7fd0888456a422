"""What the phonebook pages show: whose phones there are, and one phone's texts."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Prefetch, Q, QuerySet, Subquery

from common import clock
from common.phones import readable
from medspa.demo.stories import STORIES
from members.models import ConsentEntry, Location, Membership, Patient, PatientPhone
from outreach.models import HandsetCall, HandsetText

_AHEAD = timedelta(days=30)
_URL = re.compile(r"https?://\S+[^\s.,;:!?)]")
_SHOWN_TEXTS = 120
# When texts that the patient did not ask for may go out nearly everywhere; only for the hint on the page.
_DAY_STARTS, _DAY_ENDS = 9, 20

Phones = QuerySet[PatientPhone]


@dataclass(frozen=True)
class Filter:
    name: str
    label: str
    choose: Callable[[Phones, datetime], Phones]


def _without_plans(phones: Phones, now: datetime) -> Phones:
    idle = Membership.objects.current().with_unused_credits().without_appointment(after=now, until=now + _AHEAD)
    return phones.filter(patient__memberships__in=idle)


def _stopped(phones: Phones, now: datetime) -> Phones:
    last = ConsentEntry.objects.filter(address=OuterRef("number"), channel="sms").exclude(act="opt_in").order_by("-pk")
    return phones.annotate(last_word=Subquery(last.values("act")[:1])).filter(last_word="opt_out")


FILTERS = (
    Filter("all", "Everyone", lambda phones, now: phones),
    Filter("stories", "To try", lambda phones, now: phones.filter(number__in=[story.number for story in STORIES])),
    Filter("past_due", "Past due", lambda phones, now: phones.filter(patient__memberships__status="past_due")),
    Filter("unused", "Unused credits, nothing booked", _without_plans),
    Filter("spanish", "Spanish", lambda phones, now: phones.filter(patient__language="es")),
    Filter("stopped", "Texted STOP", _stopped),
)


def phonebook(*, chosen: str, search: str, now: datetime) -> Phones:
    """The phones of one filter that match the search, the latest conversation first."""
    latest = HandsetText.objects.filter(handset=OuterRef("number")).order_by("-created_at", "-pk")
    current = Membership.objects.current().select_related("plan", "plan_version")
    phones: Phones = (
        PatientPhone.objects.select_related("patient__home_location")
        .prefetch_related(Prefetch("patient__memberships", queryset=current, to_attr="current_memberships"))
        .annotate(last_at=Subquery(latest.values("created_at")[:1]), last_body=Subquery(latest.values("body")[:1]))
    )
    by_name = {each.name: each for each in FILTERS}
    phones = by_name.get(chosen, FILTERS[0]).choose(phones, now)
    for word in search.split():
        digits = re.sub(r"\D", "", word)
        matches = Q(patient__first_name__icontains=word) | Q(patient__last_name__icontains=word)
        phones = phones.filter(matches | Q(number__contains=digits) if digits else matches)
    return phones.order_by(F("last_at").desc(nulls_last=True), "patient__last_name", "pk")


def people(number: str) -> list[Patient]:
    """Who has this number: nobody, one, or several who share it."""
    memberships = Membership.objects.select_related("plan", "plan_version").order_by("-pk")
    return list(
        Patient.objects.filter(Exists(PatientPhone.objects.filter(patient=OuterRef("pk"), number=number)))
        .select_related("home_location")
        .prefetch_related(Prefetch("memberships", queryset=memberships, to_attr="every_membership"))
    )


def zone_of(persons: list[Patient]) -> str:
    """The handset's clock."""
    if persons:
        return persons[0].zone
    location = Location.objects.order_by("pk").first()
    return location.time_zone if location else settings.TIME_ZONE


@dataclass(frozen=True)
class Piece:
    """A part of a text; with `url` it can be tapped."""

    text: str
    url: str = ""


@dataclass(frozen=True)
class Bubble:
    pk: int
    from_handset: bool
    pieces: list[Piece]
    at: datetime
    status: str


def thread(number: str) -> list[Bubble]:
    """The last texts of the handset, oldest first."""
    latest = HandsetText.objects.filter(handset=number).order_by("-created_at", "-pk")[:_SHOWN_TEXTS]
    return [
        Bubble(text.pk, text.from_handset, list(_pieces(text.body)), text.created_at, text.status)
        for text in reversed(latest)
    ]


def seen(bubbles: list[Bubble]) -> str:
    """Changes when the thread looks different: a new text, or another delivery state."""
    return "-".join(f"{bubble.pk}{bubble.status[:1]}" for bubble in bubbles[-6:])


def call_seen(call: HandsetCall | None) -> str:
    """Changes when the telephone looks different."""
    return f"{call.pk}-{call.status}-{call.next_act}-{len(call.lines)}" if call else ""


def _pieces(body: str) -> Iterator[Piece]:
    at = 0
    for found in _URL.finditer(body):
        if found.start() > at:
            yield Piece(body[at : found.start()])
        yield Piece(found[0], found[0])
        at = found.end()
    if at < len(body):
        yield Piece(body[at:])


@dataclass(frozen=True)
class LocalTime:
    name: str
    at: datetime
    zone: str
    texts_wait: bool


def local_times(now: datetime) -> list[LocalTime]:
    """What time it is at each location, and whether texts wait for the morning there."""
    return [
        LocalTime(
            place.city, now, place.time_zone, not _DAY_STARTS <= clock.local(now, place.time_zone).hour < _DAY_ENDS
        )
        for place in Location.objects.order_by("pk")
    ]


def title_of(number: str, persons: list[Patient]) -> str:
    return " & ".join(person.full_name for person in persons) or readable(number)
