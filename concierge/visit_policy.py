"""What to do about an appointment: book, move, cancel, tell. Pure, as `policy.decide` is, which asks here.

Nothing is booked or cancelled by a wish alone: it gets options, and only a picked option acts.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from common import clock
from concierge.facts import MemberFacts, VisitFact
from concierge.understanding.base import Intent, Understanding
from members.models import Membership
from members.scheduling import ANYTIME, TimeWish

_BOOKABLE = (Membership.Status.ACTIVE, Membership.Status.CANCELLING)
VISIT_INTENTS = (Intent.BOOK, Intent.RESCHEDULE, Intent.CANCEL_APPOINTMENT, Intent.APPOINTMENT_INFO)


class Act(StrEnum):
    """What an offered option does when it is picked."""

    BOOK = "book"
    MOVE = "move"
    CANCEL = "cancel"
    KEEP = "keep"


class Do(StrEnum):
    OFFER = "offer"  # times to book
    OFFER_MOVE = "offer_move"  # times in place of a visit's
    ASK_CANCEL = "ask_cancel"
    TELL = "tell"  # when the coming visits are
    NOTHING_BOOKED = "nothing_booked"
    NO_CREDIT = "no_credit"
    PERSON = "person"  # more than one visit may be meant, or benefits are stopped


@dataclass(frozen=True)
class Arrange:
    rule: str
    do: Do
    service_id: int | None = None
    visit_id: int | None = None
    wish: TimeWish = ANYTIME


def decide(
    understood: Understanding,
    facts: MemberFacts,
    wish: TimeWish | None,
    *,
    offered_service: int | None,
    offered_visit: int | None = None,
) -> Arrange | None:
    """None where the text is not about an appointment. `offered_service`: of the last offer, if it is recent."""
    intent = understood.intent
    if intent == Intent.BOOK:
        return _book(understood.entities.service_ids, facts, wish or ANYTIME, offered_service)
    if intent == Intent.OTHER and wish and offered_service is not None:  # "after 4 on Thursday" answers an offer
        if offered_visit in {visit.visit_id for visit in facts.visits}:
            return Arrange("Other times for the move.", Do.OFFER_MOVE, offered_service, offered_visit, wish)
        return _book((offered_service,), facts, wish, offered_service)
    if intent not in VISIT_INTENTS:
        return None
    if not facts.visits:
        return Arrange("There is no coming appointment.", Do.NOTHING_BOOKED)
    if intent == Intent.APPOINTMENT_INFO:
        return Arrange("Asked about a coming appointment.", Do.TELL)
    visit, left = _meant(understood, facts, wish)
    if visit is None:
        return Arrange("More than one appointment may be meant.", Do.PERSON)
    if intent == Intent.CANCEL_APPOINTMENT:
        return Arrange("Wants to cancel: asked first.", Do.ASK_CANCEL, visit_id=visit.visit_id)
    return Arrange("Wants another time.", Do.OFFER_MOVE, visit.service_id, visit.visit_id, left or ANYTIME)


def _book(
    named: tuple[int, ...],
    facts: MemberFacts,
    wish: TimeWish,
    offered_service: int | None,
    offered_visit: int | None = None,
) -> Arrange | None:
    if facts.status not in _BOOKABLE:
        return Arrange("Benefits are stopped, so a person books.", Do.PERSON)
    wanted = named or ((offered_service,) if offered_service else ())
    free = [
        service_id
        for lot in facts.lots_of(wanted)
        for service_id in (wanted if wanted else (lot.service_id,))
        if lot.covers(service_id) and facts.unbooked_of(service_id) > 0
    ]
    if not free:
        return Arrange("There is no credit for that to book.", Do.NO_CREDIT)
    return Arrange("Times that suit the wish, kept for a while.", Do.OFFER, free[0], wish=wish)


def in_week(at: datetime, zone: str, *, following: bool) -> TimeWish:
    """From today to this Sunday, or the whole week after it."""
    today = clock.local_date(at, zone)
    sunday = today + timedelta(days=6 - today.weekday())
    span = (sunday + timedelta(days=1), sunday + timedelta(days=7)) if following else (today, sunday)
    return TimeWish(days=(span,))


def _meant(
    understood: Understanding, facts: MemberFacts, wish: TimeWish | None
) -> tuple[VisitFact | None, TimeWish | None]:
    """Which visit is spoken of, and what of the wish is about the new time: "move my Thursday visit to Friday"."""
    named = facts.visits_of(understood.entities.service_ids) or facts.visits
    days = {day for first, last in wish.days if first == last for day in (first,)} if wish else set()
    on_day = [visit for visit in named if clock.local_date(visit.starts_at, facts.zone) in days]
    visit = on_day[0] if len(on_day) == 1 else named[0] if len(named) == 1 else None
    if wish is None or visit is None:
        return visit, wish
    own = clock.local_date(visit.starts_at, facts.zone)
    kept = tuple(span for span in wish.days if span != (own, own))
    return visit, replace(wish, days=kept) if kept or (len(wish.days) == 1 and not wish.names_time) else wish
