"""Nudges about unused credits, questions and their answers, and those who texted STOP."""

from datetime import datetime, timedelta

from common import clock
from concierge.understanding.base import Intent
from medspa.demo.seeding.lives import Life
from medspa.demo.seeding.people import may_text, opted_out_at
from medspa.demo.seeding.practice import House
from medspa.demo.seeding.talk import Read, Talk, daytime
from members.models import Membership, Visit
from outreach.models import Enrolment, Message, Sequence

SLUG = Sequence.Slug.UTILIZATION
Kind = Message.Kind

_QUESTIONS = {
    "en": ("Do I still have my facial credit?", "How many credits do I have left?", "hi! any credits left this month?"),
    "es": ("¿Todavía tengo mi crédito de facial?", "¿Cuántos créditos me quedan?"),
}
# Asked, handed to a person, answered by one.
_FOR_PEOPLE = (
    ("Can I bring my sister with me next time?", "Of course! She can wait in the lounge, or book a time beside yours."),
    ("Is there parking at your place?", "Yes, behind the building; the first two hours are free for guests."),
    ("Do you have gift cards?", "We do, at the desk and by phone. Any amount from $50."),
    ("I left my scarf there yesterday I think", "Found it! It waits for you at the front desk."),
)


def small_talk(life: Life, house: House, talk: Talk, now: datetime) -> None:
    if life.persona.consent == "opted_out" and life.persona.number:
        _stopped(life, talk, now)
    if not may_text(life) or life.ended_at:
        return
    if life.persona.consent == "both" and life.rng.random() < 0.55:
        _nudge(life, talk, now)
    chance = life.rng.random()
    if chance < 0.3:
        _asks_about_credits(life, talk, _recent(life, now))
    elif chance < 0.37:
        _asks_a_person(life, house, talk, _recent(life, now))


def _recent(life: Life, now: datetime) -> datetime:
    """A decent moment after joining, rather lately than long ago; the last hour is left to the visitor."""
    longest = min(45.0, max(2.0, (now - life.started_at).days - 1))
    at = daytime(now - timedelta(days=max(0.1, longest * life.rng.random() ** 2)), life)
    return at if at < now - timedelta(hours=1) else at - timedelta(days=1)


def _nudge(life: Life, talk: Talk, now: datetime) -> None:
    """On a Monday, three weeks ago or longer, if there was something to use then."""
    monday = now - timedelta(days=now.weekday() + 7 * life.rng.randint(3, 11))
    at = daytime(monday.replace(hour=16, minute=life.index % 60, second=0, microsecond=0), life)
    left = _left(life, at)
    if at < life.started_at + timedelta(days=20) or not left:
        return
    came = any(at < visit.starts_at < at + timedelta(days=21) for visit in life.visits)
    enrolment = Enrolment(
        sequence=talk.sequences[SLUG],
        membership=life.membership,
        cause=f"unused:{clock.local_date(at, life.location.time_zone):%Y-%m}:30",
        status=Enrolment.Status.ENDED,
        started_at=at,
        next_step=1,
        ended_at=at + timedelta(hours=3 if came else 24),
        ended_because="booked" if came else "finished",
    )
    talk.enrolments.append(enrolment)
    if life.persona.language == "es":
        what = f"{left} crédito{'s' if left > 1 else ''} de su membresía"
    else:
        what = f"{left} membership credit{'s' if left > 1 else ''}"
    body = talk.step(SLUG, 0, life, {"credits": what})
    talk.tells(life, body, at, kind=Kind.MARKETING, key=f"seed:{life.name}:nudge:step:0", enrolment=enrolment)


def _asks_about_credits(life: Life, talk: Talk, at: datetime) -> None:
    spanish = life.persona.language == "es"
    asked = talk.says(life, life.rng.choice(_QUESTIONS["es" if spanish else "en"]), at)
    left = _left(life, at)
    if spanish:
        answer = f"Hola {life.persona.first_name}, le quedan {left} créditos de su membresía. ¿Le aparto una hora?"
    elif left:
        answer = (
            f"Hi {life.persona.first_name}, yes: you have {left} credit{'s' if left > 1 else ''} left. "
            "Would you like me to look for a time? (Automated reply of Glow Theory; a person is one text away.)"
        )
    else:
        answer = (
            f"Hi {life.persona.first_name}, all of your credits are used. New ones come with your next payment. "
            "(Automated reply of Glow Theory; a person is one text away.)"
        )
    key = f"seed:{life.name}:answer"
    reply = talk.tells(life, answer, at + timedelta(seconds=3), kind=Kind.REPLY, key=key, in_reply_to=asked)
    rule = "asked for the balance: said from the ledger"
    talk.reads.append(Read(asked, Intent.CREDIT_BALANCE, "reply", rule, {"credits": left}, reply))


def _asks_a_person(life: Life, house: House, talk: Talk, at: datetime) -> None:
    question, answer = life.rng.choice(_FOR_PEOPLE)
    asked = talk.says(life, question, at)
    words = f"Good question, {life.persona.first_name}! I am passing it to our front desk; someone will answer shortly."
    key = f"seed:{life.name}:handed"
    handed = talk.tells(life, words, at + timedelta(seconds=3), kind=Kind.REPLY, key=key, in_reply_to=asked)
    author = house.staff[f"desk.{life.persona.place}@example.com"]
    later = at + timedelta(minutes=life.rng.randint(4, 40))
    talk.tells(life, answer, later, kind=Kind.STAFF, key=f"seed:{life.name}:staff", in_reply_to=asked, author=author)
    talk.reads.append(Read(asked, Intent.OTHER, "hand_off", "no rule fits: a person answers", {}, handed))


def _stopped(life: Life, talk: Talk, now: datetime) -> None:
    at = opted_out_at(life, now)
    talk.says(life, "STOP", at)
    words = (
        "Glow Theory: texts to this number are now off. This does not cancel a membership; for that please call "
        "(512) 555-0100. Reply START to turn texts back on."
    )
    talk.carrier_answers(life, words, at + timedelta(seconds=1))


def _left(life: Life, at: datetime) -> int:
    """Credits that could be used at that moment, as the ledger then stood."""
    return sum(
        lot.quantity - sum(visit.ends_at <= at for visit in lot.spent)
        for lot in life.lots
        if not lot.is_money and lot.granted_at <= at < lot.expires_at
    )


def is_calm(life: Life) -> bool:
    """An ordinary member that a case can be written about without contradicting anything else."""
    standing = life.persona.standing == Membership.Status.ACTIVE
    return standing and may_text(life) and any(visit.status == Visit.Status.COMPLETED for visit in life.visits)
