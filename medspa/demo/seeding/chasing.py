"""Texts about payments that failed: those that were recovered, and those that run now."""

from datetime import datetime, timedelta

from common import money
from medspa.demo.seeding.lives import Life, Period
from medspa.demo.seeding.people import may_text
from medspa.demo.seeding.talk import Talk, daytime
from members import links
from members.models import Membership, PatientLink
from outreach import playbooks, spoken, wording
from outreach.models import Enrolment, Message, Sequence, Step

SLUG = Sequence.Slug.PAYMENT_RECOVERY


def about_payments(life: Life, talk: Talk, now: datetime) -> None:
    for period in life.periods:
        if period.failed_at and life.persona.standing != Membership.Status.LAPSED:
            _chase(life, period, period.failed_at, talk, now)


def _chase(life: Life, period: Period, failed_at: datetime, talk: Talk, now: datetime) -> None:
    enrolment = Enrolment(
        sequence=talk.sequences[SLUG],
        membership=life.membership,
        cause=f"invoice:{life.invoice_id(period)}",
        started_at=failed_at,
    )
    talk.enrolments.append(enrolment)
    until = period.paid_at or now
    steps = sorted((step for (slug, _), step in talk.steps.items() if slug == SLUG), key=lambda step: step.position)
    coming = [(step, daytime(failed_at + timedelta(days=step.day), life)) for step in steps]
    for step, at in coming:
        if at < until and step.channel == Step.Channel.SMS:
            _text(life, step, at, enrolment, talk)
    if period.paid_at:
        enrolment.status, enrolment.ended_at, enrolment.ended_because = "ended", period.paid_at, "paid"
        enrolment.next_step = sum(at < until for _, at in coming)
        _thank(life, period.paid_at, enrolment, talk, now)
        return
    step, enrolment.next_at = next((step, at) for step, at in coming if at >= now)
    enrolment.next_step = step.position


def _text(life: Life, step: Step, at: datetime, enrolment: Enrolment, talk: Talk) -> None:
    amount = money.readable(life.version.price_cents)
    until = spoken.day((enrolment.started_at + timedelta(days=14)).date(), life.persona.language)
    body = talk.step(SLUG, step.position, life, {"amount": amount, "grace_until": until})
    key = f"seed:{enrolment.cause}:step:{step.position}"
    if not may_text(life):
        if step.position == 0:
            why = "There is no number to text." if not life.persona.number else "No consent to servicing texts on file."
            talk.holds_back(life, body, at, key=key, why=why, enrolment=enrolment)
        return
    assert life.membership is not None  # noqa: S101  (saved before its texts are)
    link = None
    if wording.LINK in body:
        link = links.issue(membership=life.membership, purpose=PatientLink.Purpose.UPDATE_CARD, now=at)
    talk.tells(life, body, at, kind=Message.Kind.SERVICING, key=key, enrolment=enrolment, link=link)


def _thank(life: Life, paid_at: datetime, enrolment: Enrolment, talk: Talk, now: datetime) -> None:
    at = daytime(paid_at + timedelta(seconds=20), life)
    if not may_text(life) or at >= now:
        return
    facts = {"first_name": life.persona.first_name, "practice": talk.practice}
    body = wording.render(playbooks.THANKS[life.persona.language], facts)
    talk.tells(
        life, body, at, kind=Message.Kind.CONFIRMATION, key=f"seed:{enrolment.cause}:thanks", enrolment=enrolment
    )
