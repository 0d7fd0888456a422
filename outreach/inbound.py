"""Every text from a patient: stored once, cards redacted first, keywords settled here (R5, R28, R69, R124).

Works even when the floor above is down. What no keyword settles is left with `wants_answer` for the concierge.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from common import phones, redaction
from common.errors import Refused
from members import consent, escalations
from members.models import Escalation, Patient, PatientLink, PatientPhone, Practice
from outreach import alerts, erasures, keywords, opt_outs, outbox, preference_links, silence, standing_texts
from outreach.keywords import Keyword, Meaning
from outreach.models import Message

_SAME_TEXT_WITHIN = timedelta(seconds=60)
_ONE_CARD_WITHIN, _MOST_PARTS = timedelta(minutes=10), 4  # R123
_LONGEST_ADDRESS = 16
_ABROAD = re.compile(r"\+\d{8,15}")


@dataclass(frozen=True)
class Received:
    """`is_new` is False when the carrier delivered the same text again; then nothing was done."""

    message: Message
    is_new: bool


def receive(
    *, sid: str, sender: str, recipient: str, body: str, media_count: int, opt_out_type: str, now: datetime
) -> Received:
    """Store one text and settle what is a keyword, in one transaction.

    `opt_out_type` is the carrier's OptOutType (STOP, START, HELP or ''). A sender that is no US number is stored and
    not answered; a person hears of it, unless it is a short code or a name. `recipient` (our own number)
    will choose the location once locations have numbers of their own.
    """
    address, answerable = _address(sender)
    try:
        with transaction.atomic():
            kept = _without_parts(address, redaction.redact(body), now)
            message = _store(sid, address, kept, media_count, answerable, now)
            if media_count or kept != body:
                erasures.ask(message, now=now)
            if not _acknowledged(message, now) and not _still_wanted(message, now):
                _settle(message, keywords.read(body, opt_out_type=opt_out_type), now)
            if not answerable:
                _tell_of_foreign(message, now)
    except IntegrityError:
        known = Message.objects.filter(provider_sid=sid).first()
        if known is None:
            raise
        return Received(known, is_new=False)
    return Received(message, is_new=True)


def patient_of(number: str) -> Patient | None:
    """The patient with this number; None when nobody or several have it (R111)."""
    found = PatientPhone.objects.filter(number=number).select_related("patient__home_location")[:2]
    return found[0].patient if len(found) == 1 else None


def _address(sender: str) -> tuple[str, bool]:
    """(E.164, True), or (what came, cut, False) for a short code, a name or a foreign number (R77).

    A number that wrote by RCS is the number that we text: one opt-out for all of it (R65).
    """
    sender = sender.strip().removeprefix("rcs:")
    as_it_came = sender[:_LONGEST_ADDRESS], False
    if not sender.startswith("+"):  # "GLOWSPA" would be read as digits
        return as_it_came
    try:
        return phones.to_e164(sender), True
    except Refused:
        return as_it_came


def _without_parts(address: str, body: str, now: datetime) -> str:
    """The text without the end of a card number that came in several; the earlier texts lose theirs too (R123)."""
    lately = Message.objects.filter(
        direction=Message.Direction.IN, address=address, created_at__gte=now - _ONE_CARD_WITHIN
    )
    earlier = list(lately.order_by("-created_at", "-pk")[: _MOST_PARTS - 1])
    for count in range(1, len(earlier) + 1):
        texts = earlier[count - 1 :: -1]
        cut = redaction.split_over([*(text.body for text in texts), body])
        if cut:
            for text, words in zip(texts, cut, strict=False):
                escalations.quote_otherwise(phone=address, said=text.body, instead=words)
                Message.objects.filter(pk=text.pk).update(body=words)
                erasures.ask(text, now=now)
            return cut[-1]
    return body


def _store(sid: str, address: str, body: str, media_count: int, answerable: bool, now: datetime) -> Message:
    patient = patient_of(address) if answerable else None
    return Message.objects.create(
        direction=Message.Direction.IN,
        kind=Message.Kind.INBOUND,
        status=Message.Status.RECEIVED,
        patient=patient,
        location=patient.home_location if patient else None,
        address=address,
        body=body,
        provider_sid=sid[:64],
        media_count=media_count,
        duplicate_of=_said_just_before(address, body, now),
        wants_answer=answerable,
        reason="" if answerable else "Not a US number: stored, not answered.",
        created_at=now,
    )


def _tell_of_foreign(message: Message, now: datetime) -> None:
    """Nobody abroad is texted (R77), but what they write, which may be urgent, is read by a person."""
    if not _ABROAD.fullmatch(message.address):
        return
    escalations.open(
        reason=Escalation.Reason.UNKNOWN_NUMBER,
        severity=Escalation.Severity.HIGH,
        summary=f"A number outside the US wrote “{message.body[:300]}”. It cannot be texted; call if it is urgent.",
        phone=message.address,
        now=now,
    )


def _said_just_before(address: str, body: str, now: datetime) -> Message | None:
    """The same words within a minute, with nothing said by us in between (settled.md 16)."""
    same = Message.objects.filter(
        direction=Message.Direction.IN, address=address, body=body, created_at__gte=now - _SAME_TEXT_WITHIN
    )
    first = same.filter(duplicate_of__isnull=True).order_by("-created_at", "-pk").first()
    if first is None:
        return None
    ours = Message.objects.filter(
        direction=Message.Direction.OUT, address=address, created_at__gte=first.created_at, sent_at__isnull=False
    )
    return None if ours.exists() else first


def _acknowledged(message: Message, now: datetime) -> bool:
    """Whether it is the answer of somebody on call to a page: then it is no patient's text, whoever wrote it."""
    answer = alerts.acknowledge(number=message.address, words=message.body, now=now)
    if answer is None:
        return False
    message.wants_answer = False
    message.save(update_fields=["wants_answer"])
    _post(message, Message.Kind.ALERT, answer, "page-answer", now)
    return True


def _still_wanted(message: Message, now: datetime) -> bool:
    """Whether it is the YES to our question after a long silence (R16); that is thanked for and needs no reading."""
    if not silence.confirmed(message, now=now):
        return False
    message.wants_answer = False
    message.save(update_fields=["wants_answer"])
    _post(message, Message.Kind.REPLY, standing_texts.still_on(message.patient), "reconfirmed", now)
    return True


def _settle(message: Message, keyword: Keyword, now: datetime) -> None:
    wanted = message.wants_answer
    # Opt-outs count also in a repeated text: STOP, START, STOP within a minute ends opted out.
    if keyword.meaning == Meaning.STOP:
        _stop(message, keyword, now)
    elif keyword.meaning == Meaning.START:
        _start(message, keyword, now)
    elif keyword.meaning == Meaning.HELP:
        message.wants_answer = False
        if _may_answer(message) and not (keyword.answered or message.duplicate_of):
            _help(message, now)
    if message.duplicate_of:
        message.wants_answer = False
    if message.wants_answer != wanted:
        message.save(update_fields=["wants_answer"])


def _stop(message: Message, keyword: Keyword, now: datetime) -> None:
    fresh = opt_outs.record(address=message.address, wording=message.body[:200], source="text", now=now)
    if keyword.alone:
        message.wants_answer = False  # "STOP I can't breathe" still wants one (R5)
    if keyword.is_cancel:
        escalations.open(
            reason=Escalation.Reason.CANCELLATION,
            summary="Texted CANCEL. Texts are off now; ask whether the membership was meant too. It is not cancelled.",
            patient=message.patient,
            phone=message.address,
            now=now,
        )
    if (
        fresh and _may_answer(message) and not keyword.answered
    ):  # R62: where the carrier has answered, a second text would be one too many
        _post(message, Message.Kind.OPT_OUT, standing_texts.opted_out(message.patient), "opt-out", now)


def _may_answer(message: Message) -> bool:
    """Not abroad (R77), and not before set-up: there is no name to write under. The opt-out itself holds in both."""
    return _address(message.address)[1] and Practice.objects.exists()


def _start(message: Message, keyword: Keyword, now: datetime) -> None:
    was_out = consent.is_opted_out(message.address, channel=opt_outs.SMS)
    if was_out:
        consent.resubscribe(
            address=message.address, channel=opt_outs.SMS, wording=message.body[:200], source="text", now=now
        )
    if was_out or keyword.alone:  # else a YES to something else (R63)
        message.wants_answer = False


def _help(message: Message, now: datetime) -> None:
    """One answer (R51); a member's also leads to the page where each kind of message can be stopped."""
    link = preference_links.issue(message.patient, now=now)
    body = standing_texts.help_text(message.patient, with_choices=link is not None)
    _post(message, Message.Kind.REPLY, body, "help", now, link)


def _post(message: Message, kind: str, body: str, what: str, now: datetime, link: PatientLink | None = None) -> None:
    outbox.post(
        kind=kind,
        body=body,
        dedupe_key=f"{what}:{message.pk}",
        patient=message.patient,
        address=message.address,
        in_reply_to=message,
        link=link,
        now=now,
    )
