"""Everything that a decision and an answer may rest on, gathered once and frozen (R168)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from concierge import plan_facts
from concierge.models import Turn
from concierge.plan_facts import PlanFact, PriceFact
from members import consent, credits
from members.credits import usage
from members.models import (
    Benefit,
    ConsentEntry,
    Escalation,
    Invoice,
    Membership,
    Patient,
    PatientPhone,
    Quote,
    Service,
    Visit,
)
from outreach import gate, quiet_hours
from outreach.models import Message

_LATELY = timedelta(minutes=10)
_REMEMBERED = timedelta(hours=24)
_FRESH = timedelta(hours=1)
_SAVED_FOR = timedelta(days=30)
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
        """What a Turn keeps: ids, counts and ages; no names and no words."""
        return {
            "membership": self.membership_id,
            "status": self.status,
            "lots": {str(lot.entry_id): lot.remaining for lot in self.lots},
            "visits": [visit.visit_id for visit in self.visits],
            "plan_version": self.plan.version_id if self.plan else None,
            "owed_cents": self.owed_cents,
            "sync_age_seconds": int((self.at - self.synced_at).total_seconds()) if self.synced_at else None,
        }


def gather(patient: Patient, *, now: datetime) -> MemberFacts:
    """The patient's standing by our own rows: the ledger decides what is left."""
    location = patient.home_location
    visits = patient.visits.filter(status__in=Visit.HOLDS_TIME, starts_at__gt=now).order_by("starts_at")
    cases = patient.escalations.exclude(state=Escalation.State.RESOLVED)
    done = patient.visits.filter(status=Visit.Status.COMPLETED, starts_at__lte=now).order_by("-starts_at").first()
    hours = location.hours_on(location.next_open(now))
    facts = MemberFacts(
        at=now,
        patient_id=patient.pk,
        first_name=patient.first_name,
        last_name=patient.last_name,
        zone=location.time_zone,
        location_name=location.name,
        visits=tuple(VisitFact(visit.pk, visit.service_id, visit.starts_at) for visit in visits),
        last_visit_at=done.starts_at if done else None,
        open_cases=tuple(cases.values_list("reason", flat=True)),
        plans=plan_facts.on_sale(now),
        prices=plan_facts.prices(Service.objects.all()),
        opens_at=hours[0] if hours else None,
        closes_at=hours[1] if hours else None,
        street=location.street,
        phone=location.phone,
        may_price=quiet_hours.is_open(now, gate.places_for(patient, location, patient.phone)),
    )
    membership = _membership(patient)
    return _with_membership(facts, membership) if membership else facts


def who_sends(phone: str, *, now: datetime) -> Sender:
    """Whose number it is and what stands against an automated answer."""
    found = [row.patient for row in PatientPhone.objects.filter(number=phone).select_related("patient__home_location")]
    one = found[0] if len(found) == 1 else None
    subjects = [f"phone:{phone}"] + ([f"patient:{one.pk}"] if one else [])
    promised = Escalation.objects.filter(subject__in=subjects, reason__in=_PROMISES)
    automated = (Message.Kind.REPLY, Message.Kind.CONFIRMATION)
    last = Turn.objects.filter(conversation__phone=phone, finished_at__isnull=False).first()
    answers = Message.objects.filter(address=phone, kind__in=automated, created_at__gt=now - _LATELY)
    return Sender(
        known=Known.ONE if one else Known.SEVERAL if found else Known.NOBODY,
        patient=one,
        is_minor=one is not None and one.is_minor(now),
        opted_out=consent.is_opted_out(phone, channel=ConsentEntry.Channel.SMS),
        answers_lately=answers.count(),
        waits_for_person=promised.exclude(state=Escalation.State.RESOLVED).exists(),
        was_asked=last is not None and last.rule == CLARIFIED and now - last.started_at <= _REMEMBERED,
    )


_PROMISES = (Escalation.Reason.QUESTION, Escalation.Reason.UNKNOWN_NUMBER, Escalation.Reason.SHARED_PHONE)


def _membership(patient: Patient) -> Membership | None:
    """The current one; else the last there was."""
    memberships = patient.memberships.select_related("plan", "plan_version__plan").prefetch_related(
        "plan_version__benefits__services"
    )
    return memberships.current().first() or memberships.order_by("-started_on", "-pk").first()


def _with_membership(facts: MemberFacts, membership: Membership) -> MemberFacts:
    benefits = [line for line in membership.plan_version.benefits.all() if line.kind == Benefit.Kind.CREDIT]
    paid = membership.invoices.filter(status=Invoice.Status.PAID).order_by("-paid_at", "-pk").first()
    lots = credits.lots(membership, at=facts.at)
    asked_to_cancel = membership.quotes.filter(act=Quote.Act.CANCEL)
    renews = membership.status in (Membership.Status.ACTIVE, Membership.Status.PAST_DUE)
    return MemberFacts(
        **{
            **vars(facts),
            "membership_id": membership.pk,
            "plan_name": membership.plan.name,
            "status": membership.status,
            "payment_due": membership.status == Membership.Status.PAST_DUE,
            "renews_at": membership.current_period_end if renews else None,
            "synced_at": membership.stripe_fetched_at,
            "benefits": tuple((service.pk, service.name) for benefit in benefits for service in benefit.services.all()),
            "lots": tuple(_lot(lot, membership) for lot in lots),
            "plan": plan_facts.of_version(membership.plan_version),
            "wallet_cents": credits.wallet(membership, at=facts.at),
            "owed_cents": sum(membership.invoices.owed().values_list("amount_remaining_cents", flat=True)),
            "paid_cents": paid.amount_due_cents if paid else None,
            "paid_at": paid.paid_at if paid else None,
            "period_ends_at": membership.current_period_end,
            "paused_until": membership.paused_until,
            "ends_at": membership.ends_at,
            "quote": _quote(membership, facts.at),
            "was_kept": asked_to_cancel.filter(created_at__gt=facts.at - _SAVED_FOR).exists(),
        }
    )


def _quote(membership: Membership, now: datetime) -> QuoteFact | None:
    quote = membership.quotes.filter(state=Quote.State.OFFERED, expires_at__gt=now).first()
    return QuoteFact(quote.pk, quote.act, quote.code) if quote else None


def _lot(lot: credits.Lot, membership: Membership) -> LotFact:
    first, *others = (service.pk for service in lot.services)
    rests = bool(usage.why_not(lot, membership))
    return LotFact(lot.entry_id, first, lot.label, lot.remaining, lot.expires_at, tuple(others), rests)
