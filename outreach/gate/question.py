"""One question to the gate, what was looked at for it, and the answer."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db.models import Exists

from common import phones
from members import holds
from members.models import Escalation, Location, Patient, Practice
from outreach import handovers, quiet_hours, switches
from outreach.models import Message
from outreach.quiet_hours import Place

_BEGUN_BY_US = frozenset({Message.Kind.SERVICING, Message.Kind.MARKETING, Message.Kind.NOTICE})
_MAKES_IT_POINTLESS = frozenset({"too_late", "ended", "no_longer_true", "stale"})


@dataclass(frozen=True)
class Denial:
    """`words` are for staff. With `retry_at` the message waits until then; without, it is held, or dropped."""

    code: str
    words: str
    retry_at: datetime | None = None

    @property
    def drops(self) -> bool:
        """The message has become pointless; nobody needs to look at it."""
        return self.code in _MAKES_IT_POINTLESS


def places_for(patient: Patient | None, location: Location | None, address: str) -> tuple[Place, ...]:
    """Everywhere the patient may plausibly be: at home, where the number comes from, at the clinic (R19)."""
    clinic = location or (patient.home_location if patient else None)
    places = [Place(patient.state, patient.zone)] if patient else []
    places += [Place(phones.state(address), zone) for zone in phones.zones(address)]
    if clinic:
        places.append(Place(clinic.state, clinic.time_zone))
    return tuple(dict.fromkeys(places))


@dataclass(frozen=True)
class House:
    """What stops or lets everybody's messages alike: read anew for each message, in one statement."""

    practice: Practice
    is_any_switch_thrown: bool
    is_sender_halted: bool

    @classmethod
    def now(cls) -> "House":
        """Raises Practice.DoesNotExist before set-up."""
        halted = Escalation.objects.filter(subject=handovers.SENDER_HALTED).exclude(state=Escalation.State.RESOLVED)
        found = Practice.objects.annotate(switch=Exists(switches.thrown()), halted=Exists(halted))
        practice = found.order_by("pk")[:1].get()
        return cls(practice, practice.switch, practice.halted)


@dataclass
class Look:
    message: Message
    now: datetime
    inputs: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def phone(self) -> str:
        """The number that holds are keyed by: the address itself, or the patient's number behind an e-mail."""
        message = self.message
        if message.channel != Message.Channel.EMAIL:
            return message.address
        return message.patient.phone if message.patient else ""

    @cached_property
    def holds(self) -> set[str]:
        message, kinds = self.message, holds.open_kinds(self.phone) if self.phone else set()
        # What we begin ourselves stops on every number of the patient; an answer goes where the patient wrote.
        if message.patient and message.kind in _BEGUN_BY_US:
            kinds |= holds.open_kinds_of(message.patient)
        self.inputs["holds"] = sorted(kinds)
        return kinds

    @cached_property
    def places(self) -> tuple[Place, ...]:
        places = places_for(self.message.patient, self.message.location, self.message.address)
        self.inputs["places"] = [[place.state, place.zone] for place in places]
        return places

    @cached_property
    def house(self) -> "House":
        return House.now()

    def next_open(self, after: datetime) -> datetime:
        return quiet_hours.next_allowed(after, self.places)
