"""What a colleague needs to answer a hand-off: a reply to start from, how payments stand, what was promised.

The reply is made of the same facts and sentences as an automated one (R168), or asks back; where no fact of ours
answers, there is none. Nothing clinical is ever suggested (R157). It is worked out when it is looked at, so its figures
are those of that moment.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from common import clock, money
from concierge import change_policy, member_policy, membership_replies, replies, standing
from concierge.facts import Known, MemberFacts, Sender
from concierge.member_policy import Tell, Topic
from concierge.models import Turn
from concierge.replies import Voice
from concierge.suggested_words import WORDS
from concierge.understanding import Intent, ServiceWords, Understanding, entities
from concierge.understanding import language as languages
from members import holds
from members.models import Hold, Patient, Practice, Quote, Service
from outreach import wording
from outreach.models import Enrolment, Message, Offer, Sequence

_TO_THE_MACHINE = re.compile(r"[;,]? ?\b(?:[Rr]eply|[Rr]esponda) [A-Z{][^.;]*|[;,] or [A-Z]{4,}\b[^.]*")
_NEXT_STEPS = ("next_book", "next_service", "next_plan", "next_billing")
# A person writes it: no link that only automation can make, no question that automation would ask.
_NOT_FOR_A_PERSON = frozenset({Topic.CARD_LINK, Topic.HELP, Topic.WHAT_ABOUT, Topic.CLARIFY, Topic.USE_CODE})
_ASKS_BACK = {
    Intent.COMPLAINT: "sorry",
    Intent.REFUND_DISPUTE: "sorry",
    Intent.CLINICAL: "clinician",
    Intent.HUMAN: "here",
    Intent.BOOK: "which_time",
    Intent.RESCHEDULE: "which_time",
}


@dataclass(frozen=True)
class Help:
    """`reply` is "" where no fact answers; `rests_on` says what it is made of."""

    reply: str
    rests_on: str
    payment: str
    promised: tuple[str, ...]


def help_with(phone: str, *, now: datetime) -> Help:
    """For the conversation with an E.164 number, by its newest text."""
    sender = standing.who_sends(phone, now=now)
    turn = Turn.objects.filter(message__address=phone).select_related("message").first()
    facts = standing.gather(sender.patient, now=now) if sender.patient else None
    reply, rests_on = _reply(turn, sender, facts)
    payment = payment_line(facts) if facts else ""
    return Help(reply, rests_on, payment, _promised(phone, sender.patient, now))


def payment_line(facts: MemberFacts) -> str:
    """How payments stand, for staff; "" without a membership."""
    if not facts.membership_id:
        return ""
    currency = facts.plan.currency if facts.plan else "usd"
    said = []
    if facts.owed_cents:
        said.append(f"{money.readable(facts.owed_cents, currency)} is open")
    if facts.paid_cents is not None and facts.paid_at:
        paid_on = clock.local(facts.paid_at, facts.zone)
        said.append(f"last paid {money.readable(facts.paid_cents, currency)} on {paid_on:%b} {paid_on.day}")
    said.append(
        "as of now" if facts.is_fresh else "not compared with Stripe lately" if facts.is_stale else "as of today"
    )
    return ", ".join(said)


def _reply(turn: Turn | None, sender: Sender, facts: MemberFacts | None) -> tuple[str, str]:
    if turn is None or Hold.Kind.CLINICAL in holds.open_kinds(turn.message.address):
        return "", ""  # after an emergency: a call, not a text (R164)
    patient = sender.patient
    language = languages.of(turn.message.body, default=patient.language if patient else "en")
    voice = Voice(Practice.current().name, language)
    if sender.known != Known.ONE or patient is None or facts is None:
        return _said(voice, None, "full_name"), "The number is not one patient's: nothing may be named yet."
    understood = _understood(turn, language)
    if understood.intent in _ASKS_BACK:
        return _said(voice, patient, _ASKS_BACK[understood.intent]), "Asks back; it states nothing."
    if understood.intent == Intent.APPOINTMENT_INFO and facts.visits:
        moments = [replies.moment(voice, visit.starts_at, facts.zone) for visit in facts.visits[:2]]
        return _said(voice, patient, "visits", moments="; ".join(moments)), "From the schedule, as of now."
    answer = _from_facts(understood, voice, facts)
    if not answer:
        return "", ""
    return wording.plain(f"{_hello(voice, patient)} {answer}"), "From the plan and the ledger, as of now."


def _from_facts(understood: Understanding, voice: Voice, facts: MemberFacts) -> str:
    named = understood.entities.service_ids
    if understood.intent == Intent.CREDIT_BALANCE and facts.is_current:
        if facts.lots_of(named):
            return replies.balance(voice, facts, service_ids=named, whether=False)
        return replies.no_credit(voice, facts, service_ids=named)
    told = change_policy.decide(understood, facts) or member_policy.decide(understood, facts)
    topics = [topic for topic in told.topics if topic not in _NOT_FOR_A_PERSON] if isinstance(told, Tell) else []
    return _by_a_person([membership_replies.say(topic, voice, facts, named=named) for topic in topics], voice)


def _by_a_person(sentences: list[str], voice: Voice) -> str:
    """Without the words that only automation would understand as an answer."""
    said = " ".join(sentences)
    for key in _NEXT_STEPS:
        said = said.replace(membership_replies.words(voice, key), "")
    said = " ".join(_TO_THE_MACHINE.sub("", said).replace(" .", ".").replace("..", ".").split())
    return said.replace("?.", "?").removeprefix(". ").strip()


def _understood(turn: Turn, language: str) -> Understanding:
    """What the reader made of the text when it came, with the services that it names."""
    services = [ServiceWords(one.pk, (one.name, *map(str, one.nicknames))) for one in Service.objects.all()]
    named = entities.found_in(turn.message.body, services=services)
    return Understanding(Intent(turn.intent or Intent.OTHER), turn.confidence or 0.0, language, named)


def _said(voice: Voice, patient: Patient | None, key: str, **facts: str) -> str:
    said = WORDS[voice.language][key].format(practice=voice.practice, **facts)
    return wording.plain(f"{_hello(voice, patient)} {said}")


def _hello(voice: Voice, patient: Patient | None) -> str:
    return WORDS[voice.language]["hello_name" if patient else "hello"].format(
        name=patient.first_name if patient else "", practice=voice.practice
    )


def _promised(phone: str, patient: Patient | None, now: datetime) -> tuple[str, ...]:
    """What we said would happen or stay open, by the rows that hold it."""
    promised = []
    told = Turn.objects.filter(message__address=phone, decision="hand_off", reply__isnull=False).first()
    if told and told.reply and told.reply.kind != Message.Kind.EMERGENCY:
        promised.append(f"We wrote: “{told.reply.body[:200]}”")
    if patient is None:
        return tuple(promised)
    open_quotes = Quote.objects.filter(membership__patient=patient, state=Quote.State.OFFERED, expires_at__gt=now)
    promised += [
        f"{quote.get_act_display()} offered with the code {quote.code}, until {_day(quote.expires_at, patient)}."
        for quote in open_quotes[:3]
    ]
    times = Offer.objects.filter(patient=patient, message__address=phone, taken_at__isnull=True, expires_at__gt=now)
    for offer in times.filter(kind=Offer.Kind.APPOINTMENT).order_by("-made_at")[:1]:
        promised.append(f"Offered: {' or '.join(option['words'] for option in offer.options)}.")
    later = Enrolment.objects.filter(
        membership__patient=patient, sequence__slug=Sequence.Slug.REMIND_LATER, status=Enrolment.Status.RUNNING
    )
    promised += [f"A reminder on {_day(one.next_at, patient)}." for one in later[:1] if one.next_at]
    return tuple(promised)


def _day(when: datetime, patient: Patient) -> str:
    there = clock.local(when, patient.zone)
    return f"{there:%b} {there.day}"
