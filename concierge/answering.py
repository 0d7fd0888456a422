"""The whole way of a text from a patient to its one answer.

    claim (a Turn, unique) -> read -> emergency -> opt-out -> repeated? -> who holds the pen -> facts and open offer
    -> policy -> reply | act | hand off -> one message in the outbox, and the Turn says why

Emergencies and opt-outs are found by their phrases and, in other words, by the reader: either is enough.

Whatever stops in the middle is found by `answer_due` and goes to a person; it is never answered twice.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from common import clock, redaction
from common.rounds import in_time
from concierge import asked as texts
from concierge import conversations, handoff, outcomes, policy, standing
from concierge.actions import booking
from concierge.asked import Asked, Outcome
from concierge.change_policy import Chosen
from concierge.facts import MemberFacts, Sender
from concierge.models import Conversation, Turn
from concierge.policy import Extras, HandOff, Offered
from concierge.understanding import Intent, Understanding, change_words, choices, safety
from concierge.understanding import language as languages
from concierge.understanding.phrases import normal
from concierge.understanding.visit_phrases import is_more
from concierge.visit_policy import VISIT_INTENTS
from members import escalations, people, quotes
from members.models import Escalation, Patient, Practice
from outreach import offers, opt_outs, outbox, standing_texts
from outreach.models import Message, Offer

log = logging.getLogger(__name__)

HURRY = timedelta(seconds=5)  # a task should have begun by then
TOO_LATE = timedelta(minutes=2)  # then a person answers, not the concierge
_BATCH = 100
_SURE = 0.9

Reason, Severity = Escalation.Reason, Escalation.Severity


def answer(message_pk: int, *, now: datetime) -> None:
    """Answer one inbound text; nothing if somebody has begun to, or if it wants no answer."""
    turn = _claim(message_pk, now)
    if turn is None:
        return
    message = turn.message
    sender = standing.who_sends(message.address, now=now)
    understood = texts.read(message, sender.patient)
    practice = Practice.current()
    with transaction.atomic():
        if not _is_mine(turn):
            return  # reading took so long that the sweep gave it to a person
        settled = _settle_first(turn, sender, understood, practice, now)
        if settled:
            _finish(turn, settled, understood, now)
            return

    asked = _ask(turn, sender, understood, practice, now)
    wish = booking.wish_of(  # "tomorrow" is the day after the text was written, not after it is read
        message.body, patient=sender.patient, named=texts.provider(understood), now=message.created_at
    )
    said = change_words.read(message.body)
    extras = Extras(redaction.MARK in message.body, message.media_count > 0, wish, _chosen(asked, now), said)
    decision = policy.decide(asked.understood, asked.facts, asked.offered, sender=sender, extras=extras)
    prepared = outcomes.prepare(decision, asked, now=now)
    with transaction.atomic():
        if _is_mine(turn):
            _finish(turn, outcomes.settle(prepared, asked, now=now), asked.understood, now)


def answer_due(*, now: datetime) -> int:
    """The net under the tasks: answer what nobody began, give to a person what stayed unfinished. Returns how many."""
    waiting = Message.objects.unanswered().filter(turn__isnull=True, created_at__lte=now - HURRY)
    unfinished = Turn.objects.filter(finished_at__isnull=True, started_at__lte=now - TOO_LATE)
    done = 0
    for message_pk in in_time(list(waiting.order_by("created_at", "pk").values_list("pk", flat=True)[:_BATCH])):
        try:
            answer(message_pk, now=now)
            done += 1
        except Exception:
            log.exception("text not answered", extra={"message_pk": message_pk})  # the next one still gets its turn
    for turn in list(unfinished.select_related("message__location")[:_BATCH]):
        try:
            done += _give_up(turn, now)
        except Exception:
            log.exception("turn not given to a person", extra={"turn_pk": turn.pk})
    handoff.release_resolved(now=now)
    return done


def _claim(message_pk: int, now: datetime) -> Turn | None:
    waiting = Message.objects.unanswered().select_related("location", "patient")
    message = waiting.filter(pk=message_pk).first()
    if message is None:
        return None
    conversation = conversations.heard(message)
    try:
        with transaction.atomic():
            return Turn.objects.create(message=message, conversation=conversation, started_at=now)
    except IntegrityError:
        return None  # Turn.message is unique: another worker has it


def _settle_first(
    turn: Turn, sender: Sender, understood: Understanding, practice: Practice, now: datetime
) -> Outcome | None:
    """What comes before any policy, in the order of R5."""
    message = turn.message
    return (
        _emergency(message, sender, (understood.intent, *understood.also), now)
        or _opt_out(message, sender, understood, now)
        or _repeated(message)
        or _with_person(turn.conversation, message, sender, now)
        or _not_now(message, sender, practice, now)
    )


def _emergency(message: Message, sender: Sender, read: Sequence[Intent], now: datetime) -> Outcome | None:
    """By a phrase or by the reader; what only the reader found is uncertain and gets the gravest text (R161)."""
    kind = safety.emergency(message.body) or (safety.Emergency.TIER_1 if Intent.EMERGENCY in read else None)
    if kind is None:
        return None
    if Intent.OPT_OUT in read or safety.wants_out(message.body):  # both count (R5)
        opt_outs.record(address=message.address, wording=message.body[:200], source="text", now=now)
    language = languages.of(message.body, default=texts.own_language(sender.patient))
    text = handoff.page(message=message, kind=kind, sender=sender, language=language, now=now)
    return Outcome("hand_off", f"Possible emergency, {kind.value} (R159-R165).", text)


def _opt_out(message: Message, sender: Sender, understood: Understanding, now: datetime) -> Outcome | None:
    """Stop everything, confirm once (R29, R34), and keep what else the text asked for."""
    is_read = Intent.OPT_OUT in (understood.intent, *understood.also) or _says_wrong_number(message, understood)
    if not (is_read or safety.wants_out(message.body)):
        return None
    _keep_what_else(message, sender, understood, now)
    if _says_wrong_number(message, understood):
        return _wrong_number(message, sender, now)
    if not opt_outs.record(address=message.address, wording=message.body[:200], source="text", now=now):
        return Outcome("silent", "Asked for no more texts; they were off by then.")
    text = _confirm(message, sender.patient, sender.patient, now)
    return Outcome("reply", "Asked for no more texts in their own words (R29).", text)


def _confirm(message: Message, patient: Patient | None, speaks_like: Patient | None, now: datetime) -> Message:
    return outbox.post(
        kind=Message.Kind.OPT_OUT,
        body=standing_texts.opted_out(speaks_like),
        dedupe_key=f"answer:{message.pk}",
        patient=patient,
        address=message.address,
        in_reply_to=message,
        now=now,
    )


def _wrong_number(message: Message, sender: Sender, now: datetime) -> Outcome:
    """Somebody else has the number (R15): nothing more goes there, and nothing of the patient is shown beside it."""
    fresh = opt_outs.record(address=message.address, wording=message.body[:200], source="text", now=now)
    people.wrong_number(number=message.address, wording=message.body[:200], source="text", now=now)
    Conversation.objects.filter(phone=message.address).update(patient=None)
    rule = "Wrong number: texts are off, and the number is nobody's here any more (R15)."
    return Outcome("reply", rule, _confirm(message, None, sender.patient, now)) if fresh else Outcome("silent", rule)


def _says_wrong_number(message: Message, understood: Understanding) -> bool:
    """By a phrase, or by a reader that is sure: it takes the number off the patient (R15)."""
    is_sure = understood.intent == Intent.WRONG_NUMBER and understood.confidence >= _SURE
    return is_sure or safety.says_wrong_number(message.body)


def _keep_what_else(message: Message, sender: Sender, understood: Understanding, now: datetime) -> None:
    cases = {
        Intent.CANCEL_MEMBERSHIP: (Reason.CANCELLATION, "Opted out, and may want to cancel the membership too."),
        Intent.COMPLAINT: (Reason.HUMAN, "Opted out, upset. Call; texts are off."),
        Intent.HUMAN: (Reason.HUMAN, "Opted out and asked for a person. Call; texts are off."),
    }
    wanted = (intent for intent in (understood.intent, *understood.also) if intent in cases)
    reason, why = cases.get(next(wanted, Intent.OTHER), (None, ""))
    if _says_wrong_number(message, understood):  # R15
        reason, why = (
            Reason.QUESTION,
            "Says it is a wrong number. Texts are off and the number was taken off the patient: ask for the new one.",
        )
    elif not reason and safety.wants_more_than_out(message.body):
        reason, why = Reason.QUESTION, "Opted out and wrote of something else too. Texts are off: call."
    if reason:
        words = handoff.summary(message, why, sender=sender, facts=None)
        escalations.open(reason=reason, summary=words, patient=sender.patient, phone=message.address, now=now)


def _repeated(message: Message) -> Outcome | None:
    return Outcome("silent", "The same text within a minute.") if message.duplicate_of_id else None


def _with_person(conversation: Conversation, message: Message, sender: Sender, now: datetime) -> Outcome | None:
    if not handoff.is_with_person(conversation, now=now):
        return None
    handoff.raise_for_holder(message=message, sender=sender, now=now)
    return Outcome("silent", "A person has the conversation (R166).")


def _not_now(message: Message, sender: Sender, practice: Practice, now: datetime) -> Outcome | None:
    """Too late for a machine, or the concierge is switched off: a person answers, and nothing is promised."""
    if now - message.created_at >= TOO_LATE:
        return _to_staff(message, sender, Reason.UNANSWERED, "Nobody answered within two minutes.", now)
    if not practice.live_since:
        return _to_staff(message, sender, Reason.QUESTION, "The practice is not live: people answer.", now)
    if not practice.concierge_on:
        return _to_staff(message, sender, Reason.QUESTION, "The concierge is switched off.", now)
    return None


def _to_staff(message: Message, sender: Sender, reason: str, rule: str, now: datetime) -> Outcome:
    decision = HandOff(rule, reason, Severity.HIGH, tells=False)
    handoff.hand_off(message=message, decision=decision, sender=sender, facts=None, voice=None, now=now)
    return Outcome("hand_off", rule)


def _ask(turn: Turn, sender: Sender, understood: Understanding, practice: Practice, now: datetime) -> Asked:
    message, patient = turn.message, sender.patient
    if understood.intent in VISIT_INTENTS and is_more(normal(message.body)):
        understood = replace(understood, intent=Intent.OTHER)  # whatever reader read it
    facts = standing.gather(patient, now=now) if patient else None
    last = offers.last(phone=message.address, now=now) if patient else None
    offer = booking.if_times(last, patient=patient, now=now) if last and patient else None
    offered = _offered(offer, message, facts, now) if offer and facts else None
    # "2" has no language: the offer's counts.
    language = booking.language_of(offer) if offer and offered and offered.picked is not None else understood.language
    voice = texts.voice_for(turn.conversation, practice=practice, language=language, now=now)
    match = offers.named(last, body=message.body, now=now) if last else None
    is_mine = match is not None and match.offer.kind == Offer.Kind.REPLY and match.offer.patient == patient
    return Asked(
        message, turn.conversation, sender, understood, facts, offer, offered, voice, match if is_mine else None
    )


def _chosen(asked: Asked, now: datetime) -> Chosen | None:
    """The code of an open quote, or a reply that the last text to this number named."""
    quote = quotes.by_code(phone=asked.message.address, words=asked.message.body, now=now)
    if quote and quote.membership.patient == asked.sender.patient:
        return Chosen("agree", quote_id=quote.pk)
    if asked.match is None:
        return None
    option = asked.match.offer.options[asked.match.option]
    return Chosen(asked.match.act, asked.match.state, option.get("quote"), asked.pays_for is not None)


def _offered(offer: Offer, message: Message, facts: MemberFacts, now: datetime) -> Offered:
    openings = booking.openings_of(offer)
    times = tuple(opening.starts_at for opening in openings)
    picked = choices.picked(message.body, times=[clock.local(when, facts.zone) for when in times])
    is_open = offer.taken_at is None and offer.expires_at > now
    return Offered(
        openings[0].service_id,
        times,
        is_open,
        offer.taken_option,
        picked,
        acts=booking.acts_of(offer),
        visit_id=booking.visit_of(offer),
    )


def _give_up(turn: Turn, now: datetime) -> bool:
    """A turn that a crash left unfinished: nothing was said, so a person answers; an emergency gets its text yet."""
    message = turn.message
    sender = standing.who_sends(message.address, now=now)
    rule = "Stopped in the middle. Look whether an appointment was booked, then answer."
    with transaction.atomic():
        if not _is_mine(turn):
            return False
        outcome = _emergency(message, sender, (), now) or _to_staff(message, sender, Reason.UNANSWERED, rule, now)
        _finish(turn, outcome, None, now)
    return True


def _is_mine(turn: Turn) -> bool:
    """Lock the turn; False if it was finished by another: then nothing may be said any more."""
    return Turn.objects.select_for_update().filter(pk=turn.pk, finished_at__isnull=True).first() is not None


def _finish(turn: Turn, outcome: Outcome, understood: Understanding | None, now: datetime) -> None:
    turn.finished_at = now
    turn.intent = understood.intent.value if understood else ""
    turn.confidence = understood.confidence if understood else None
    turn.decision, turn.rule = outcome.decision, outcome.rule[:120]
    turn.facts, turn.reply = outcome.facts, outcome.reply
    turn.save()
