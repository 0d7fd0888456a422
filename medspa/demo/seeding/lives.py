"""One member's invented life, as plain values; the other modules turn it into rows."""

from dataclasses import dataclass, field
from datetime import datetime
from random import Random

from members.models import Benefit, Location, Membership, Patient, Plan, PlanVersion, Provider, Service

SEED = 20_260_601


@dataclass
class Period:
    """A billing period and what became of its invoice. `failed_at`: the first attempt failed then."""

    number: int
    start: datetime
    end: datetime
    paid_at: datetime | None
    failed_at: datetime | None = None
    attempts: int = 1
    decline_code: str = ""


@dataclass
class PlannedVisit:
    service: Service
    provider: Provider
    starts_at: datetime
    ends_at: datetime
    status: str
    booked_at: datetime


@dataclass
class Lot:
    """Credits of one benefit of one paid period, and what was taken from them."""

    period: Period
    benefit: Benefit
    services: tuple[Service, ...]  # any of these; none where it is money
    quantity: int
    granted_at: datetime
    expires_at: datetime
    spent: list[PlannedVisit] = field(default_factory=list)
    expired: int = 0
    expired_at: datetime | None = None
    paid_out: int = 0  # cents spent at the desk

    @property
    def remaining(self) -> int:
        return self.quantity - len(self.spent) - self.paid_out - self.expired

    @property
    def only_service(self) -> Service | None:
        return self.services[0] if len(self.services) == 1 else None

    @property
    def is_money(self) -> bool:
        return self.benefit.kind == Benefit.Kind.WALLET


@dataclass
class Persona:
    """Who someone is: drawn by chance, or written by hand for a story."""

    first_name: str
    last_name: str
    place: str
    plan: str
    standing: str = Membership.Status.ACTIVE
    habit: str = "regular"  # regular, occasional, drifting, never
    language: str = Patient.Language.ENGLISH
    consent: str = "both"  # both, servicing, none, opted_out
    months: int = 8
    number: str = ""
    shares_number: bool = False
    age: int = 34
    failed_before: bool = False
    recovered_hours_ago: float = 0  # the last payment failed `unpaid_days` ago and went through then
    failed_lately: bool = False  # then: in the last period that was settled
    keeps_credit: bool = False  # what the last period granted is not used yet
    booked: bool | None = None  # None: as the habit has it
    time_zone: str = ""
    unpaid_days: float = 0  # past due: for how long


@dataclass
class Life:
    index: int
    persona: Persona
    rng: Random
    location: Location
    version: PlanVersion
    started_at: datetime
    ended_at: datetime | None
    patient: Patient = field(default_factory=Patient)
    periods: list[Period] = field(default_factory=list)
    visits: list[PlannedVisit] = field(default_factory=list)
    lots: list[Lot] = field(default_factory=list)
    membership: Membership | None = None

    @property
    def name(self) -> str:
        """Part of the invented Stripe ids."""
        return f"demo{self.index:04d}"

    @property
    def plan(self) -> Plan:
        return self.version.plan

    @property
    def customer_id(self) -> str:
        return f"cus_{self.name}"

    @property
    def subscription_id(self) -> str:
        return f"sub_{self.name}"

    @property
    def card_id(self) -> str:
        return f"pm_{self.name}"

    def invoice_id(self, period: Period) -> str:
        return f"in_{self.name}x{period.number:02d}"

    def invoice_number(self, period: Period) -> str:
        """As Stripe numbers: the customer's prefix and a count."""
        return f"{self.name.upper()}-{period.number:04d}"

    def unused(self, now: datetime) -> int:
        return sum(lot.remaining for lot in self.lots if not lot.is_money and lot.granted_at <= now < lot.expires_at)
