"""Every sequence and every way out of it, day by day: what is sent, what ends it, and that nothing comes after."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from members import escalations, holds
from members.models import Escalation, Hold, Membership, Practice
from members.stripe_standin import store
from outreach import inbound, outbox, playbooks, sequences
from outreach.models import Enrolment, Message
from tests import factories
from tests.doubles.owing import mirror, owing_member
from tests.doubles.subscribed import subscribed_member
from tests.factories import NOON
from tests.outreach.test_sequence_days import SIGNALS

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("carrier")]

DAY = timedelta(days=1)
NIGHT = NOON - timedelta(hours=13)  # 22:00 on the Monday in Austin: what is due now waits for the morning

_FIELDS = {"credits_remaining": 2, "last_visit_at": NOON - 70 * DAY, "card_last4": "4242"}
_SIGNALS = {**SIGNALS, "card": "4242"}
_LEFT = {"status": "cancelled", "ended_at": NOON - 40 * DAY}
_STATES = {
    "win_back": _LEFT,
    "remind_later": _LEFT,
    "pause_forgotten": {"status": "paused"},
    "pause_ending": {"status": "paused"},
}


def paid(member: Membership, now: datetime) -> None:
    for invoice in member.invoices.all():
        mirror(invoice, "paid")
    factories.make_invoice(member, paid_at=now)


def booked(member: Membership, now: datetime) -> None:
    factories.make_visit(member.patient, now + 9 * DAY)
    Membership.objects.filter(pk=member.pk).update(next_appointment_at=now + 9 * DAY)


def _text(member: Membership, body: str, now: datetime) -> None:
    inbound.receive(
        sid=f"SM{member.pk}", sender=member.patient.phone, recipient="", body=body, media_count=0, opt_out_type="",
        now=now,
    )  # fmt: skip


def replied(member: Membership, now: datetime) -> None:
    _text(member, "Hello there", now)


def opted_out(member: Membership, now: datetime) -> None:
    _text(member, "STOP", now)


def escalated(member: Membership, now: datetime) -> None:
    escalations.open(
        reason=Escalation.Reason.HUMAN, summary="Wants a person.", patient=member.patient, phone=member.patient.phone,
        now=now,
    )  # fmt: skip


def disputed(member: Membership, now: datetime) -> None:
    holds.place(kind=Hold.Kind.DISPUTE, phone=member.patient.phone, now=now)


WAYS: dict[str, Callable[[Membership, datetime], None]] = {
    "paid": paid,
    "booked": booked,
    "replied": replied,
    "opted out": opted_out,
    "escalated": escalated,
    "disputed": disputed,
}
# Sequence -> way out -> the days on which it wrote, and why it ended or its text did not go out.
Table = dict[str, tuple[list[int], str]]
_GOES_ON = ([0], "finished")
_TO_PEOPLE: Table = {
    "replied": ([], "The patient wrote back."),
    "opted out": ([], "The patient opted out of texts."),
    "escalated": ([], "A person sees to this patient."),
    "disputed": ([], "A payment dispute is open."),
}
# A nudge is about a visit: a payment that goes through is no reason to end it, a visit that is booked is.
_NUDGE: Table = {"paid": _GOES_ON, "booked": ([], "An appointment is booked."), **_TO_PEOPLE}
# About the membership itself: it may be changed with or without a visit ahead.
_MEMBERSHIP: Table = {"paid": _GOES_ON, "booked": _GOES_ON, **_TO_PEOPLE}
# What the law asks for is said whatever else goes on; without texts by e-mail (R103).
_NOTICE: Table = dict.fromkeys(WAYS, _GOES_ON)
IN_THE_NIGHT: dict[str, Table] = {
    "utilization": _NUDGE,
    "utilization_60": _NUDGE,
    "come_back": _NUDGE,
    "rhythm": _NUDGE,
    "missed_visit": _NUDGE,
    "upgrade": _MEMBERSHIP,
    "remind_later": _MEMBERSHIP,
    "pause_forgotten": _MEMBERSHIP,
    # Nothing is owed by who has left. A visit that is booked is what it asked for.
    "win_back": {
        "paid": ([0, 3, 9], "finished"),
        "booked": ([], "booked"),
        "replied": ([], "replied"),
        "opted out": ([], "opted out"),
        "escalated": ([], "escalated"),
        "disputed": ([], "disputed"),
    },
    # A reply, a visit or a person's case changes nothing about a card that will not be good.
    "expiring_card": {
        **dict.fromkeys(("paid", "booked", "replied", "escalated"), _GOES_ON),
        "opted out": ([], "The patient opted out of texts."),
        "disputed": ([], "A payment dispute is open."),
    },
    "pause_ending": _NOTICE,
    "renewal": _NOTICE,
    "yearly": _NOTICE,
    "price_change": _NOTICE,
    # A reply is no payment, and neither is a visit in nine days: it goes on, to the call and the person at its end.
    "payment_recovery": {
        "paid": ([], "paid"),
        "booked": ([0, 2], "finished"),
        "replied": ([0, 2], "finished"),
        "opted out": ([], "The patient opted out of texts."),
        "escalated": ([], "escalated"),
        "disputed": ([], "disputed"),
    },
}
AFTER_THE_FIRST: dict[str, Table] = {
    "win_back": {
        "paid": ([0, 3, 9], "finished"),
        **{way: ([0], way) for way in ("booked", "replied", "opted out", "escalated", "disputed")},
    },
    "payment_recovery": {
        **{way: ([0], way) for way in ("paid", "escalated", "disputed")},
        **dict.fromkeys(("booked", "replied"), ([0, 2], "finished")),
        "opted out": ([0], "finished"),  # the call and the person come without the text of day 2
    },
}
# What is still owed is a person's work at the end, whichever way it ends.
CASES = {
    "paid": [],
    "booked": ["payment", "payment_call"],
    "replied": ["payment", "payment_call"],
    "opted out": ["payment", "payment_call"],
    "escalated": ["human", "payment"],
    "disputed": ["payment"],
}


@pytest.fixture(autouse=True)
def _live():
    playbooks.install()
    factories.make_location()
    Practice.objects.update(upgrades_on=True, win_back_on=True)


def begin(slug: str) -> Enrolment:
    if slug == "payment_recovery":
        member, invoice = owing_member()
        cause = f"invoice:{invoice.stripe_id}"
    else:
        member, cause = subscribed_member(**{**_FIELDS, **_STATES.get(slug, {})}), "test"
        card = store.get("payment_method", f"pm_{member.stripe_customer_id}")
        store.change({**card, "card": {**card["card"], "exp_month": 6, "exp_year": 2026}})
    return sequences.enrol(slug=slug, membership=member, cause=cause, signals=_SIGNALS, now=NIGHT)


def live(*moments: datetime) -> None:
    for now in moments:
        sequences.advance(now=now)
        outbox.send_due(now=now)
        outbox.send_due(now=now + timedelta(minutes=1))  # what took the place of a text


def days(first: int, slug: str) -> list[datetime]:
    """Noon of each day on which something may happen, and of one long after."""
    last = {"payment_recovery": 8, "win_back": 10}.get(slug, 1)
    return [NOON + day * DAY for day in (*range(first, last + 1), 20)]


def outcome(enrolment: Enrolment) -> tuple[list[int], str]:
    enrolment.refresh_from_db()
    texts = list(enrolment.messages.order_by("pk"))
    sent = [(text.sent_at - NIGHT).days for text in texts if text.sent_at]
    unsaid = texts[-1].reason if texts and not texts[-1].sent_at else ""
    return sent, unsaid if enrolment.ended_because == "finished" and unsaid and not sent else enrolment.ended_because


def cases(enrolment: Enrolment) -> list[str]:
    return sorted(enrolment.membership.patient.escalations.values_list("reason", flat=True))


def waiting() -> list[Message]:
    return list(Message.objects.filter(status__in=("queued", "sending", "unknown")))


@pytest.mark.parametrize("slug", IN_THE_NIGHT)
def test_each_way_out_while_the_first_text_waits_for_the_morning(slug):
    going = {way: begin(slug) for way in WAYS}
    live(NIGHT)

    for way, leave in WAYS.items():
        leave(going[way].membership, NIGHT + timedelta(hours=1))
    live(*days(0, slug))

    assert {way: outcome(enrolment) for way, enrolment in going.items()} == IN_THE_NIGHT[slug]
    assert waiting() == []
    owed = CASES if slug == "payment_recovery" else {"escalated": ["human"]}
    assert {way: cases(enrolment) for way, enrolment in going.items()} == {way: owed.get(way, []) for way in WAYS}


@pytest.mark.parametrize("slug", AFTER_THE_FIRST)
def test_each_way_out_on_the_day_after_the_first_text(slug):
    going = {way: begin(slug) for way in WAYS}
    live(NIGHT, NOON)

    for way, leave in WAYS.items():
        leave(going[way].membership, NOON + DAY - timedelta(hours=1))
    live(*days(1, slug))

    assert {way: outcome(enrolment) for way, enrolment in going.items()} == AFTER_THE_FIRST[slug]
    assert waiting() == []
