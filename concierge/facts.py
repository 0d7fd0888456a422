"""Everything that a decision and an answer may rest on, frozen (R168). `standing` gathers it from the rows."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from concierge.plan_facts import PlanFact, PriceFact
from members.models import Membership, Patient

_FRESH = timedelta(hours=1)
_STALE = timedelta(hours=36)  # the nightly comparison with Stripe has failed once
CLARIFIED = "Not sure what was meant: asked once."  # the rule of a Turn


class Known(StrEnum):
    """Whose number it is."""

    ONE = "one"  # exactly one patient's
    NOBODY = "nobody"
    SEVERAL = "several"  # nothing may be named (R111)


@dataclass(frozen=True)
class Sender:
    known: Known
    patient: Patient | None = None
    is_minor: bool = False
    opted_out: bool = False
    answers_lately: int = 0  # automated texts to this number in the last ten minutes
    waits_for_person: bool = False  # a person was promised and has not come yet
    was_asked: bool = False  # the last automated text asked what was meant


@dataclass(frozen=True)
class LotFact:
    entry_id: int
    service_id: int
    service_name: str  # of several: "Facial or Peel"
    remaining: int
    expires_at: datetime | None
    instead: tuple[int, ...] = ()  # further services that it may be used for
    rests: bool = False  # a pause or an unpaid invoice keeps it from being used now

    def covers(self, service_id: int) -> bool:
        return service_id == self.service_id or service_id in self.instead


@dataclass(frozen=True)
class VisitFact:
    visit_id: int
    service_id: int
    starts_at: datetime


@dataclass(frozen=True)
class QuoteFact:
    """An offer of a change that is open and was not taken yet."""

    quote_id: int
    act: str  # a Quote.Act
    code: str


@dataclass(frozen=True)
class MemberFacts:
    """One patient's standing at `at`; moments are aware UTC, `zone` is the home location's."""

    at: datetime
    patient_id: int
    first_name: str
    last_name: str
    zone: str
    location_name: str
    membership_id: int | None = None
    plan_name: str = ""
    status: str = ""  # a Membership.Status; "" without a membership
    payment_due: bool = False
    renews_at: datetime | None = None
    synced_at: datetime | None = None  # when the membership was last read from Stripe
    benefits: tuple[tuple[int, str], ...] = ()  # (service, its name) that the plan grants each period
    lots: tuple[LotFact, ...] = ()  # the one that expires first in front
    visits: tuple[VisitFact, ...] = ()  # booked and to come
    last_visit_at: datetime | None = None
    open_cases: tuple[str, ...] = ()
    plan: PlanFact | None = None  # as the member holds it, which may be no longer sold
    plans: tuple[PlanFact, ...] = ()  # on sale, the lowest first
    prices: tuple[PriceFact, ...] = ()  # of every service, without any plan
    wallet_cents: int = 0
    owed_cents: int = 0
    paid_cents: int | None = None  # the last payment, and when
    paid_at: datetime | None = None
    period_ends_at: datetime | None = None
    paused_until: datetime | None = None
    ends_at: datetime | None = None  # of a membership that is set to end
    quote: QuoteFact | None = None
    was_kept: bool = False  # one offer to stay was made when they asked to cancel (R94)
    opens_at: datetime | None = None  # the home location: today's hours, or those of the next open day
    closes_at: datetime | None = None
    street: str = ""
    phone: str = ""  # E.164, of the home location
    may_price: bool = True  # prices are told in texting hours only (settled: 15)

    @property
    def is_current(self) -> bool:
        return self.status in Membership.CURRENT

    @property
    def is_fresh(self) -> bool:
        """Read from Stripe within the hour: nothing needs to be said about its age."""
        return self.synced_at is not None and self.at - self.synced_at <= _FRESH

    @property
    def is_stale(self) -> bool:
        """Too old to speak of payments."""
        return self.synced_at is None or self.at - self.synced_at > _STALE

    def prices_of(self, service_ids: tuple[int, ...]) -> tuple[PriceFact, ...]:
        return tuple(price for price in self.prices if price.service_id in service_ids)

    def lots_of(self, service_ids: tuple[int, ...]) -> tuple[LotFact, ...]:
        """Lots of these services; of every service when none is named."""
        return tuple(lot for lot in self.lots if not service_ids or any(map(lot.covers, service_ids)))

    def balance_of(self, service_ids: tuple[int, ...]) -> int:
        return sum(lot.remaining for lot in self.lots_of(service_ids))

    def visits_of(self, service_ids: tuple[int, ...]) -> tuple[VisitFact, ...]:
        return tuple(visit for visit in self.visits if visit.service_id in service_ids)

    def unbooked_of(self, service_id: int) -> int:
        """Credits for the service that no coming visit will use."""
        free, without = self._after_visits()
        return sum(lot.remaining for lot in free if lot.covers(service_id)) - without.count(service_id)

    def use_by(self, service_id: int) -> datetime | None:
        """When the last credit for the service ends that no coming visit will use; None where it never ends."""
        ends = [lot.expires_at for lot in self._after_visits()[0] if lot.covers(service_id)]
        return ends[-1] if ends else self.at

    def _after_visits(self) -> tuple[list[LotFact], list[int]]:
        """What the coming visits leave of the lots, and the services of visits that no lot lives long enough for."""
        left = {lot.entry_id: lot.remaining for lot in self.lots}
        without: list[int] = []
        for visit in self.visits:
            lives = [lot for lot in self.lots if lot.expires_at is None or lot.expires_at > visit.starts_at]
            used = next((lot for lot in lives if left[lot.entry_id] and lot.covers(visit.service_id)), None)
            if used:
                left[used.entry_id] -= 1
            else:
                without.append(visit.service_id)
        return [replace(lot, remaining=left[lot.entry_id]) for lot in self.lots if left[lot.entry_id]], without

    def as_record(self) -> dict[str, Any]:
        """What a Turn keeps of what was looked at: ids, counts and ages; no names and no words."""
        looked_at = vars(self)
        return {name: keep(self) for name, (fact, keep) in _KEPT.items() if fact in looked_at}


_KEPT: dict[str, tuple[str, Callable[[MemberFacts], Any]]] = {
    "membership": ("membership_id", lambda facts: facts.membership_id),
    "status": ("status", lambda facts: facts.status),
    "lots": ("lots", lambda facts: {str(lot.entry_id): lot.remaining for lot in facts.lots}),
    "visits": ("visits", lambda facts: [visit.visit_id for visit in facts.visits]),
    "plan_version": ("plan", lambda facts: facts.plan.version_id if facts.plan else None),
    "owed_cents": ("owed_cents", lambda facts: facts.owed_cents),
    "sync_age_seconds": (
        "synced_at",
        lambda facts: int((facts.at - facts.synced_at).total_seconds()) if facts.synced_at else None,
    ),
}
