"""The demo's buttons: what the bank says to the next charge, and what time it is."""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from common import clock
from common.errors import Refused
from medspa.demo import years
from members import declines
from members.models import Location, Membership, Practice, StandinObject
from members.stripe_standin import playing
from members.stripe_standin.cards import CARDS
from members.stripe_standin.problems import Problem

DECLINES = tuple(card for card in CARDS.values() if not card.pays)
_NINE = time(9, 0)
_STRETCHES: dict[str, Callable[[datetime], datetime]] = {
    "1week": lambda now: now + timedelta(days=7),
    "1month": lambda now: clock.months_later(now, 1),
    "12months": lambda now: clock.months_later(now, 12),
}


def charge(*, membership: Membership, card_name: str, now: datetime) -> str:
    """Put the named test card on file at the stand-in and charge it: the open invoice, else the next period.

    Returns a sentence for the page. Raises Refused where there is nothing to charge.
    """
    card = CARDS.get(card_name)
    if card is None:
        raise Refused("There is no such test card.", code="no_card")
    subscription = membership.stripe_subscription_id
    if not subscription or membership.status not in Membership.CURRENT:
        raise Refused("This membership is not charged any more.", code="not_charged")
    try:
        playing.give_card(membership.stripe_customer_id, card.name, now=now)
        if open_invoice := _open_invoice(subscription):
            playing.retry(open_invoice, now=now)
        elif not playing.renew(subscription, now=now):
            return "The membership was to end with its period, and now has."
    except Problem as problem:
        message = str(problem.body["error"]["message"])
        raise Refused(f"The Stripe stand-in refused: {message}", code="standin") from None
    if card.pays:
        return "The payment went through."
    said = f"The charge was refused (test card “{card.does}”). "
    if declines.kind_of(card.decline_code or card.code) == declines.Kind.SOFT:
        hour = Practice.current().gentle_notice_hour
        return f"{said}It may clear by itself, so it is mentioned only from {hour}:00 on: move the clock."
    return f"{said}Watch the phone."


def advance(*, by: str, now: datetime) -> str:
    """Move the demo's clock: "hour", "day" or "nine" (the next 9:00 am at the first location); or let a longer time go
    by, step by step: "1week", "1month", "12months". Returns a sentence.

    Raises Refused for another word.
    """
    if by in _STRETCHES:
        until = _STRETCHES[by](now)
        years.start(span=until - now, now=now)
        return "Time goes by now, step by step. This page shows how far it is."
    if by == "hour":
        step = timedelta(hours=1)
    elif by == "day":
        step = timedelta(days=1)
    elif by == "nine":
        step = _until_nine(now)
    else:
        raise Refused("The clock moves by an hour, a day, or to 9 am.", code="bad_step")
    clock.advance(step)
    return "The clock was moved. What is due now happens within seconds."


def _open_invoice(subscription_id: str) -> str:
    invoices = StandinObject.objects.filter(kind="invoice", parent=subscription_id, body__status="open")
    return invoices.order_by("created_at").values_list("pk", flat=True).first() or ""


def _until_nine(now: datetime) -> timedelta:
    place = Location.objects.order_by("pk").first()
    local = now.astimezone(ZoneInfo(place.time_zone if place else "UTC"))
    nine = datetime.combine(local.date(), _NINE, tzinfo=local.tzinfo)
    if nine <= local:
        nine = datetime.combine(local.date() + timedelta(days=1), _NINE, tzinfo=local.tzinfo)
    return nine.astimezone(now.tzinfo) - now
