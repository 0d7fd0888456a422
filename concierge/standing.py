"""The facts of a sender and of a member, from our own rows: the ledger decides what is left (R168).

A row is asked for when a decision or an answer first looks at it, and then stays as it was read for the whole turn:
most texts need few. What was never looked at is in no record either.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.db.models import prefetch_related_objects

from concierge import plan_facts
from concierge.facts import CLARIFIED, Known, LotFact, MemberFacts, QuoteFact, Sender, VisitFact
from concierge.models import Turn
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
_SAVED_FOR = timedelta(days=30)
_PROMISES = (Escalation.Reason.QUESTION, Escalation.Reason.UNKNOWN_NUMBER, Escalation.Reason.SHARED_PHONE)

_Found = dict[str, Any]


class OnFirstLook:
    """One fact of a group that is read together; the instance keeps them all, so it is asked once."""

    def __init__(self, name: str, read: Callable[[Any], _Found]) -> None:
        self._name, self._read = name, read

    def __get__(self, facts: Any, owner: type) -> Any:
        found = self._read(facts)
        vars(facts).update(found)
        return found[self._name]


class StandingSender(Sender):
    """Of one number, read on first look."""

    at: datetime
    phone: str

    def __init__(self, phone: str, found: list[Patient], *, now: datetime) -> None:
        one = found[0] if len(found) == 1 else None
        vars(self).update(
            at=now,
            phone=phone,
            known=Known.ONE if one else Known.SEVERAL if found else Known.NOBODY,
            patient=one,
            is_minor=one is not None and one.is_minor(now),
        )


class StandingFacts(MemberFacts):
    """One patient's, read on first look."""

    patient: Patient

    def __init__(self, patient: Patient, *, now: datetime) -> None:
        location = patient.home_location
        vars(self).update(
            at=now,
            patient=patient,
            patient_id=patient.pk,
            first_name=patient.first_name,
            last_name=patient.last_name,
            zone=location.time_zone,
            location_name=location.name,
            street=location.street,
            phone=location.phone,
        )

    @cached_property
    def held(self) -> Membership | None:
        """The current membership; else the last there was."""
        found = list(self.patient.memberships.select_related("plan", "plan_version__plan").order_by("pk"))
        current = (one for one in found if one.status in Membership.CURRENT)
        return next(current, None) or max(found, key=lambda one: (one.started_on, one.pk), default=None)


def gather(patient: Patient, *, now: datetime) -> MemberFacts:
    """The patient's standing at `now`."""
    return StandingFacts(patient, now=now)


def who_sends(phone: str, *, now: datetime) -> Sender:
    """Whose number it is and what stands against an automated answer."""
    rows = PatientPhone.objects.filter(number=phone).select_related("patient__home_location")
    return StandingSender(phone, [row.patient for row in rows], now=now)


def _opted_out(sender: StandingSender) -> _Found:
    return {"opted_out": consent.is_opted_out(sender.phone, channel=ConsentEntry.Channel.SMS)}


def _answers_lately(sender: StandingSender) -> _Found:
    automated = (Message.Kind.REPLY, Message.Kind.CONFIRMATION)
    answers = Message.objects.filter(address=sender.phone, kind__in=automated, created_at__gt=sender.at - _LATELY)
    return {"answers_lately": answers.count()}


def _waits_for_person(sender: StandingSender) -> _Found:
    subjects = [f"phone:{sender.phone}"] + ([f"patient:{sender.patient.pk}"] if sender.patient else [])
    promised = Escalation.objects.filter(subject__in=subjects, reason__in=_PROMISES)
    return {"waits_for_person": promised.exclude(state=Escalation.State.RESOLVED).exists()}


def _was_asked(sender: StandingSender) -> _Found:
    last = Turn.objects.filter(conversation__phone=sender.phone, finished_at__isnull=False).first()
    was_asked = last is not None and last.rule == CLARIFIED and sender.at - last.started_at <= _REMEMBERED
    return {"was_asked": was_asked}


def _visits(facts: StandingFacts) -> _Found:
    rows = facts.patient.visits.filter(status__in=Visit.HOLDS_TIME, starts_at__gt=facts.at).order_by("starts_at")
    return {"visits": tuple(VisitFact(*row) for row in rows.values_list("pk", "service_id", "starts_at"))}


def _last_visit(facts: StandingFacts) -> _Found:
    done = facts.patient.visits.filter(status=Visit.Status.COMPLETED, starts_at__lte=facts.at)
    return {"last_visit_at": done.order_by("-starts_at").values_list("starts_at", flat=True).first()}


def _cases(facts: StandingFacts) -> _Found:
    cases = facts.patient.escalations.exclude(state=Escalation.State.RESOLVED)
    return {"open_cases": tuple(cases.values_list("reason", flat=True))}


def _hours(facts: StandingFacts) -> _Found:
    location = facts.patient.home_location
    hours = location.hours_on(location.next_open(facts.at))
    return {"opens_at": hours[0] if hours else None, "closes_at": hours[1] if hours else None}


def _may_price(facts: StandingFacts) -> _Found:
    patient = facts.patient
    places = gate.places_for(patient, patient.home_location, patient.phone)
    return {"may_price": quiet_hours.is_open(facts.at, places)}


def _membership(facts: StandingFacts) -> _Found:
    """Without one, what a MemberFacts says by default."""
    held = facts.held
    if held is None:
        return {name: getattr(MemberFacts, name) for name in _OF_A_MEMBERSHIP}
    renews = held.status in (Membership.Status.ACTIVE, Membership.Status.PAST_DUE)
    return {
        "membership_id": held.pk,
        "plan_name": held.plan.name,
        "status": held.status,
        "payment_due": held.status == Membership.Status.PAST_DUE,
        "renews_at": held.current_period_end if renews else None,
        "synced_at": held.stripe_fetched_at,
        "period_ends_at": held.current_period_end,
        "paused_until": held.paused_until,
        "ends_at": held.ends_at,
    }


_OF_A_MEMBERSHIP = (
    "membership_id", "plan_name", "status", "payment_due", "renews_at", "synced_at", "period_ends_at", "paused_until",
    "ends_at",
)  # fmt: skip


def _plan(facts: StandingFacts) -> _Found:
    if facts.held is None:
        return {"plan": None, "benefits": ()}
    version = facts.held.plan_version
    prefetch_related_objects([version], "benefits__services")
    credit_lines = [line for line in version.benefits.all() if line.kind == Benefit.Kind.CREDIT]
    named = tuple((service.pk, service.name) for line in credit_lines for service in line.services.all())
    return {"plan": plan_facts.of_version(version), "benefits": named}


def _lots(facts: StandingFacts) -> _Found:
    held = facts.held
    return {"lots": tuple(_lot(lot, held) for lot in credits.lots(held, at=facts.at)) if held else ()}


def _lot(lot: credits.Lot, membership: Membership) -> LotFact:
    first, *others = (service.pk for service in lot.services)
    rests = bool(usage.why_not(lot, membership))
    return LotFact(lot.entry_id, first, lot.label, lot.remaining, lot.expires_at, tuple(others), rests)


def _wallet(facts: StandingFacts) -> _Found:
    return {"wallet_cents": credits.wallet(facts.held, at=facts.at) if facts.held else 0}


def _owed(facts: StandingFacts) -> _Found:
    owed = facts.held.invoices.owed().values_list("amount_remaining_cents", flat=True) if facts.held else ()
    return {"owed_cents": sum(owed)}


def _paid(facts: StandingFacts) -> _Found:
    paid = facts.held.invoices.filter(status=Invoice.Status.PAID).order_by("-paid_at", "-pk") if facts.held else None
    last = paid.first() if paid is not None else None
    return {"paid_cents": last.amount_due_cents if last else None, "paid_at": last.paid_at if last else None}


def _quote(facts: StandingFacts) -> _Found:
    offered = facts.held.quotes.filter(state=Quote.State.OFFERED, expires_at__gt=facts.at) if facts.held else None
    quote = offered.first() if offered is not None else None
    return {"quote": QuoteFact(quote.pk, quote.act, quote.code) if quote else None}


def _was_kept(facts: StandingFacts) -> _Found:
    asked = facts.held.quotes.filter(act=Quote.Act.CANCEL, created_at__gt=facts.at - _SAVED_FOR) if facts.held else None
    return {"was_kept": asked is not None and asked.exists()}


_READS: tuple[tuple[Callable[[StandingFacts], _Found], tuple[str, ...]], ...] = (
    (_visits, ("visits",)),
    (_last_visit, ("last_visit_at",)),
    (_cases, ("open_cases",)),
    (_hours, ("opens_at", "closes_at")),
    (_may_price, ("may_price",)),
    (_membership, _OF_A_MEMBERSHIP),
    (_plan, ("plan", "benefits")),
    (_lots, ("lots",)),
    (_wallet, ("wallet_cents",)),
    (_owed, ("owed_cents",)),
    (_paid, ("paid_cents", "paid_at")),
    (_quote, ("quote",)),
    (_was_kept, ("was_kept",)),
    (lambda facts: {"plans": plan_facts.on_sale(facts.at)}, ("plans",)),
    (lambda facts: {"prices": plan_facts.prices(Service.objects.all())}, ("prices",)),
)
_OF_A_SENDER = (
    (_opted_out, "opted_out"),
    (_answers_lately, "answers_lately"),
    (_waits_for_person, "waits_for_person"),
    (_was_asked, "was_asked"),
)
for _read, _names in _READS:
    for _name in _names:
        setattr(StandingFacts, _name, OnFirstLook(_name, _read))
for _of_sender, _name in _OF_A_SENDER:
    setattr(StandingSender, _name, OnFirstLook(_name, _of_sender))
