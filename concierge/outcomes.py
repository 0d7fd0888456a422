"""From a decision to what is said and done: appointments outside any transaction, then everything else in one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from common import phones
from common.errors import Refused
from concierge import arranging, handoff, membership_replies, replies, visit_policy
from concierge.actions import booking, changing
from concierge.asked import Asked, Outcome, note_introduction, post
from concierge.asked import record as record_of
from concierge.change_policy import Agree, NotNow, Propose, Remind
from concierge.facts import MemberFacts
from concierge.member_policy import Tell, Topic
from concierge.policy import Act, Decision, HandOff, Reply, Say
from concierge.understanding import Intent
from concierge.visit_policy import Arrange
from members import interests, links
from members.models import Escalation, Membership, Patient, PatientLink, Practice, Visit
from members.scheduling import Opening, SchedulerError
from outreach import offers
from outreach.models import Message


@dataclass(frozen=True)
class Prepared:
    """A decision with what the scheduler said to it."""

    decision: Decision
    openings: tuple[Opening, ...] = ()
    visit: Visit | None = None
    lead: str = ""  # words that say why new times are offered
    exact: bool = True  # the times are as wished
    act: str = visit_policy.Act.BOOK  # what was done with the visit
    done: changing.Done | None = None  # what came of a change of the membership


def prepare(decision: Decision, asked: Asked, *, now: datetime) -> Prepared:
    """Ask the scheduler for what the decision needs. Not inside a transaction."""
    if asked.match and asked.match.state == "open" and not offers.take(asked.match, now=now):
        return Prepared(HandOff("What was offered was taken at the same moment.", Escalation.Reason.QUESTION))
    if isinstance(decision, Propose | Agree | Remind | NotNow) and asked.facts:
        done = changing.do(decision, message=asked.message, facts=asked.facts, voice=asked.voice, now=now)
        return Prepared(done.hand_off) if done.hand_off else Prepared(decision, done=done)
    if isinstance(decision, Reply) and decision.offer_service is not None:
        return Prepared(decision, _times(asked, decision.offer_service, now))
    if isinstance(decision, Act):
        return _book(decision, asked, now)
    if isinstance(decision, Arrange) and asked.facts and asked.sender.patient:
        found, exact = arranging.look_up(decision, patient=asked.sender.patient, facts=asked.facts, now=now)
        return Prepared(decision, tuple(found), exact=exact)
    return Prepared(decision)


def settle(prepared: Prepared, asked: Asked, *, now: datetime) -> Outcome:
    """Write the one message, the offer, the case: whatever the decision asks for. Inside the caller's transaction."""
    decision = prepared.decision
    if isinstance(decision, HandOff):
        told = handoff.hand_off(
            message=asked.message,
            decision=decision,
            sender=asked.sender,
            facts=asked.facts,
            voice=asked.voice,
            now=now,
        )
        note_introduction(asked, told, now)
        return Outcome("hand_off", decision.rule, told, record_of(asked))
    if prepared.done:
        return _changed(prepared.decision.rule, prepared.done, asked, now)
    if prepared.visit:
        done = arranging.done(prepared.act, prepared.visit, voice=asked.voice)
        text = post(asked, Message.Kind.CONFIRMATION, [done], now)
        return Outcome("act", decision.rule, text, {**record_of(asked), "visit": prepared.visit.pk})
    if isinstance(decision, Arrange) and asked.facts and asked.sender.patient:
        return _arrange(decision, prepared, asked, asked.facts, asked.sender.patient, now)
    if isinstance(decision, Tell) and asked.facts:
        return _tell(decision, asked, asked.facts, now)
    if isinstance(decision, Act):
        sentences, link = [asked.voice.words(prepared.lead)], None
    else:
        sentences, link = _say(decision, asked, now)
    return _reply(prepared, asked, sentences, link, now)


def _changed(rule: str, done: changing.Done, asked: Asked, now: datetime) -> Outcome:
    text = done.told or post(asked, Message.Kind.REPLY, done.sentences, now, done.link)
    changing.bind(done.options, message=text, now=now)
    return Outcome("act" if done.acted else "reply", rule, text, {**record_of(asked), **done.record})


def _tell(decision: Tell, asked: Asked, facts: MemberFacts, now: datetime) -> Outcome:
    link = None
    if Topic.CARD_LINK in decision.topics:
        membership = asked.pays_for or Membership.objects.get(pk=facts.membership_id or 0)
        link = links.issue(membership=membership, purpose=PatientLink.Purpose.UPDATE_CARD, now=now)
    text = post(asked, Message.Kind.REPLY, _told(decision.topics, asked, facts), now, link)
    _note_interest(decision.topics, asked, facts, now)
    return Outcome("reply", decision.rule, text, record_of(asked))


def _note_interest(topics: Sequence[Topic], asked: Asked, facts: MemberFacts, now: datetime) -> None:
    """Who asks whether the plan gives what only a plan above gives may like that one: a reason to offer it, once."""
    mine = facts.plan
    if mine is None or not facts.is_current or not {Topic.COVERAGE, Topic.BENEFITS}.intersection(topics):
        return
    above = [plan for plan in facts.plans if plan.tier > mine.tier]
    for service in facts.prices_of(asked.understood.entities.service_ids):
        given = any(plan.credits_for(service.service_id) for plan in above)
        if given and not mine.credits_for(service.service_id):
            membership = Membership.objects.get(pk=facts.membership_id or 0)
            interests.note(membership=membership, what=service.name, key=f"text:{asked.message.pk}", now=now)
            return


def _told(topics: Sequence[Topic], asked: Asked, facts: MemberFacts) -> list[str]:
    named = asked.understood.entities.service_ids
    return [membership_replies.say(topic, asked.voice, facts, named=named) for topic in topics]


def _arrange(
    decision: Arrange, prepared: Prepared, asked: Asked, facts: MemberFacts, patient: Patient, now: datetime
) -> Outcome:
    said = arranging.say(decision, prepared.openings, exact=prepared.exact, voice=asked.voice, facts=facts)
    text = post(asked, Message.Kind.REPLY, said.sentences, now, said.link)
    record = record_of(asked)
    if said.openings:
        made = booking.offer(
            message=text,
            patient=patient,
            openings=said.openings,
            words=[replies.moment(asked.voice, opening.starts_at, facts.zone) for opening in said.openings],
            language=asked.voice.language,
            now=now,
            acts=said.acts,
            visit_id=decision.visit_id,
        )
        record["offer"] = made.pk
    return Outcome("reply", decision.rule, text, record)


def _reply(prepared: Prepared, asked: Asked, sentences: list[str], link: PatientLink | None, now: datetime) -> Outcome:
    facts, openings = asked.facts, prepared.openings
    wanted_times = isinstance(prepared.decision, Act) or getattr(prepared.decision, "offer_service", None)
    if facts and openings:
        if _leaves_open_for_what(asked, facts):
            sentences.append(asked.voice.words("ends_first"))
        moments = [opening.starts_at for opening in openings]
        sentences.append(replies.times(asked.voice, moments, zone=facts.zone, location=facts.location_name))
    elif wanted_times:
        sentences.append(asked.voice.words("ask_us"))
    text = post(asked, Message.Kind.REPLY, sentences, now, link)
    if isinstance(prepared.decision, Reply) and prepared.decision.beside:
        handoff.hand_off(
            message=asked.message,
            decision=prepared.decision.beside,
            sender=asked.sender,
            facts=facts,
            voice=None,
            now=now,
        )
    record = record_of(asked)
    if openings and facts and asked.sender.patient:
        words = [replies.moment(asked.voice, opening.starts_at, facts.zone) for opening in openings]
        made = booking.offer(
            message=text,
            patient=asked.sender.patient,
            openings=openings,
            words=words,
            language=asked.voice.language,
            now=now,
        )
        record["offer"] = made.pk
    return Outcome("reply", prepared.decision.rule, text, record)


def _leaves_open_for_what(asked: Asked, facts: MemberFacts) -> bool:
    """No service was named, so none may be named back, but the credits are of several."""
    named = asked.understood.entities.service_ids
    is_question = asked.understood.intent == Intent.CREDIT_BALANCE
    return is_question and not named and len({lot.service_id for lot in facts.lots}) > 1


def _say(decision: Decision, asked: Asked, now: datetime) -> tuple[list[str], PatientLink | None]:
    """The sentences of a Reply; figures come from the facts, never from the text."""
    voice, facts, wanted = asked.voice, asked.facts, asked.understood.entities
    say = decision.say if isinstance(decision, Reply) else None
    if say == Say.NO_CARDS:
        return _no_cards(asked, now)
    if facts and say == Say.BALANCE:
        said = [replies.balance(voice, facts, service_ids=wanted.service_ids, whether=wanted.asks_whether)]
        return said + _instead_of_times(decision, asked), None
    if facts and say == Say.NO_CREDIT:
        return [replies.no_credit(voice, facts, service_ids=wanted.service_ids)], None
    if facts and asked.offered and say == Say.WHICH_TIME:
        again = replies.times(voice, asked.offered.times, zone=facts.zone, location=facts.location_name)
        return [voice.words("which_time"), again], None
    if facts and asked.offered and say == Say.ALREADY_BOOKED:
        when = asked.offered.times[asked.offered.picked or 0]
        return [voice.words("booked_for", moment=replies.moment(voice, when, facts.zone))], None
    key = say.value if say else "welcome"
    return [voice.words(key, practice=voice.practice)], None


def _instead_of_times(decision: Decision, asked: Asked) -> list[str]:
    """What follows the balance where no times are offered: the visit that is booked, or how to book."""
    voice, facts = asked.voice, asked.facts
    if facts is None or (isinstance(decision, Reply) and decision.offer_service is not None):
        return []
    services = tuple({lot.service_id for lot in facts.lots_of(asked.understood.entities.service_ids)})
    coming = facts.visits_of(services)
    if coming:
        return [voice.words("booked_for", moment=replies.moment(voice, coming[0].starts_at, facts.zone))]
    return [voice.words("ask_us")]


def _no_cards(asked: Asked, now: datetime) -> tuple[list[str], PatientLink | None]:
    """R126: never by text; a link where we know whose membership it is."""
    voice, facts = asked.voice, asked.facts
    if facts and facts.membership_id and facts.status in Membership.CURRENT:
        membership = Membership.objects.get(pk=facts.membership_id)
        link = links.issue(membership=membership, purpose=PatientLink.Purpose.UPDATE_CARD, now=now)
        return [voice.words("no_cards"), voice.words("card_link")], link
    phone = phones.readable(Practice.current().phone)
    return [voice.words("no_cards"), voice.words("card_call", phone=phone)], None


def _book(decision: Act, asked: Asked, now: datetime) -> Prepared:
    if asked.offer is None or asked.offered is None or asked.sender.patient is None:
        return Prepared(HandOff("There is no offer to take.", Escalation.Reason.QUESTION))
    service_id = asked.offered.service_id
    if decision.option is None:
        return Prepared(decision, _times(asked, service_id, now), lead="expired")
    try:
        visit = booking.take(offer=asked.offer, option=decision.option, patient=asked.sender.patient, now=now)
    except Refused as refused:
        if refused.code == "offer_taken":
            return Prepared(HandOff("The offer was taken at the same moment.", Escalation.Reason.QUESTION))
        if asked.offered.act_of(decision.option) != visit_policy.Act.BOOK:
            return Prepared(HandOff("The appointment could not be changed as asked.", Escalation.Reason.QUESTION))
        return Prepared(decision, _times(asked, service_id, now), lead="slot_gone")
    except SchedulerError:
        return Prepared(HandOff("The scheduler could not book the time.", Escalation.Reason.QUESTION))
    return Prepared(decision, visit=visit, act=asked.offered.act_of(decision.option))


def _times(asked: Asked, service_id: int, now: datetime) -> tuple[Opening, ...]:
    patient, facts = asked.sender.patient, asked.facts
    if patient is None or facts is None:
        return ()
    return tuple(booking.find_times(patient=patient, service_id=service_id, use_by=facts.use_by(service_id), now=now))
