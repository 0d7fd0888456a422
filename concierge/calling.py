"""What the machine says on the telephone, turn by turn (R41-R46, R81-R84).

    ours:     greeting (who is it?) -> menu -> link by text | pause by text | a person | no more calls
    theirs:   menu at once; the link goes only to the number that is on file, which is the one they call from

Emergencies, opt-outs and wrong numbers are heard at every point, by their phrases, before anything else. Other words
wait for a worker that has the reader (settled.md 4). Every call has one of the ends in `Call.ended_because`.
"""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django_q.tasks import async_task

from common import doors, phones, redaction
from common.errors import Refused
from concierge import call_cases
from concierge.call_words import HINTS, WORDS, Wish, chosen, wants_no_calls, wish_of
from concierge.understanding import reader, safety
from members import people
from members.models import Practice
from outreach import calls, offers, opt_outs, outbox, payment_links, standing_texts
from outreach.models import Call, Message
from outreach.transports.spoken_answers import Answer

Stage = Call.Stage
MOST_SILENCES = 3
MOST_WAITS = 8  # seconds until a person is given what the worker has not read
_MACHINES = ("machine", "fax")


def picked_up(message_uuid: UUID, *, sid: str, answered_by: str, now: datetime) -> Answer:
    """The outgoing call was answered. Unknown is taken for a human (R81); a machine hears neutral words (R44)."""
    call = calls.of_message(message_uuid, sid=sid, now=now)
    if call is None:
        return Answer(WORDS["en"]["goodbye"])
    if answered_by.startswith(_MACHINES):
        return _last_words(call, "voicemail", because="voicemail", now=now)
    if call.stage == Stage.RINGING:
        calls.move(call, Stage.GREETING)
    return _ask(call, "greeting")


def called_in(*, sid: str, sender: str, now: datetime) -> Answer:
    call = calls.incoming(sid=sid, sender=sender, now=now)
    calls.move(call, Stage.MENU)
    return _ask(call, "welcome")


def said(call_uuid: UUID, *, digits: str, words: str, now: datetime) -> Answer:
    """A key, words, or nothing after a question."""
    with transaction.atomic():
        call = _locked(call_uuid)
        if call is None or call.stage not in (Stage.GREETING, Stage.MENU):
            return _bye(call)
        if not digits and not words.strip():
            return _silent(call, now)
        first = _before_all(call, words, now)
        if first:
            return first
        wish = chosen(call.stage, digits=digits, words=words)
        if wish is not None:
            return _follow(call, wish, now)
        calls.hear(call, words)
        if redaction.redact(words) != words:
            return _refuse_card(call, now)
        from concierge import tasks  # they call this module

        async_task(tasks.read_call, call.pk)
        return _wait(call)


def read(call_pk: int) -> None:
    """A worker's part: read what was heard."""
    call = Call.objects.select_related("patient").filter(pk=call_pk, understood="").exclude(heard="").first()
    if call is not None:
        understood = reader().read(call.heard, services=[], language=_language(call))
        calls.read(call.pk, understood=wish_of(understood.intent))


def waited(call_uuid: UUID, *, now: datetime) -> Answer:
    """The line asks whether what was heard has been read."""
    with transaction.atomic():
        call = _locked(call_uuid)
        if call is None or call.stage not in (Stage.GREETING, Stage.MENU):
            return _bye(call)
        if call.understood:
            return _follow(call, Wish(call.understood), now)
        call.waits += 1
        call.save(update_fields=["waits"])
        return _follow(call, Wish.PERSON, now) if call.waits >= MOST_WAITS else _wait(call)


def dialled(call_uuid: UUID, *, status: str, now: datetime) -> Answer:
    """How putting through went. Whoever was not reached there is called back (R83)."""
    with transaction.atomic():
        call = _locked(call_uuid)
        if call is None or call.stage != Stage.TRANSFER:
            return _bye(call)
        if status in ("completed", "answered"):
            calls.end(call, because="put through", now=now)
            return Answer("")
        by = call_cases.call_back(call, f"Asked for a person on the telephone; the desk: {status}.", now=now)
        return _last_words(call, "nobody", because="nobody picked up", now=now, by=by)


def _before_all(call: Call, words: str, now: datetime) -> Answer | None:
    """R84: a caller is never kept in the menu by these."""
    kind = safety.emergency(words)
    if kind:
        return _emergency(call, kind, words, now)
    if safety.says_wrong_number(words):
        people.wrong_number(number=call.phone, wording=words[:200], source="call", now=now)
        calls.ask_staff_to_call(call, "Said it is a wrong number: ask the patient for the new one.", now=now)
        return _last_words(call, "no_calls", because="wrong number", now=now)
    return _no_calls(call, words, now) if safety.wants_out(words) or wants_no_calls(words) else None


def _emergency(call: Call, kind: safety.Emergency, words: str, now: datetime) -> Answer:
    text = call_cases.page(call, kind, words, language=_language(call), now=now)
    calls.end(call, because="emergency", now=now)
    return Answer(text, _language(call))


def _no_calls(call: Call, words: str, now: datetime) -> Answer:
    """R43: recorded, and the line is let go at once."""
    opt_outs.record(
        address=call.phone, channel=Message.Channel.VOICE, wording=words[:200] or "Key 9", source="call", now=now
    )
    return _last_words(call, "no_calls", because="no more calls", now=now)


def _follow(call: Call, wish: Wish, now: datetime) -> Answer:
    if wish == Wish.EMERGENCY:
        return _emergency(call, safety.Emergency.TIER_1, call.heard, now)
    if wish == Wish.NO_CALLS:
        return _no_calls(call, call.heard, now)
    if wish == Wish.CANCEL:
        call_cases.wants_to_cancel(call, now=now)
        return _to_person(call, "Wants to cancel the membership.", now)
    if wish == Wish.PERSON:
        return _to_person(call, "Asked for a person on the telephone.", now)
    if call.stage == Stage.GREETING:
        return _greeted(call, wish, now)
    if wish == Wish.LINK:
        return _text_link(call, now)
    if wish == Wish.PAUSE:
        return _text_pause(call, now)
    return _silent(call, now)


def _greeted(call: Call, wish: Wish, now: datetime) -> Answer:
    if wish == Wish.NO:  # nothing is said to others (R109)
        calls.ask_staff_to_call(call, "Somebody else picked up the automated call.", now=now)
        return _last_words(call, "not_member", because="not the member", now=now)
    if wish == Wish.UNCLEAR:
        return _silent(call, now)
    calls.move(call, Stage.MENU)
    Call.objects.filter(pk=call.pk).update(silences=0)
    return _ask(call, "menu")


def _refuse_card(call: Call, now: datetime) -> Answer:
    """R128: a card number is never taken by voice. Whom we know gets the link; anybody else is asked once more."""
    answer = _silent(call, now) if call.stage == Stage.GREETING else _text_link(call, now)
    return replace(answer, words=f"{_words(call, 'no_card')} {answer.words}")


def _text_link(call: Call, now: datetime) -> Answer:
    invoice = call_cases.open_invoice(call)
    try:
        if invoice is None:
            raise Refused("No open payment is known for this number.", code="not_open")
        payment_links.send_on_call(invoice=invoice, call=call, now=now)
    except Refused as refused:
        return _cannot_text(call, f"Asked for the card link on the telephone. {refused.message}", now)
    return _last_words(call, "linked", because="link texted", now=now)


def _text_pause(call: Call, now: datetime) -> Answer:
    """Nothing is paused by a key: the text asks, and its reply gets the terms (settled.md 14)."""
    patient = call.patient
    if patient is None:
        return _cannot_text(call, "Asked about a pause on the telephone from a number that is nobody's.", now)
    message = outbox.post(
        kind=Message.Kind.CONFIRMATION,
        body=standing_texts.pause_asked(patient),
        dedupe_key=f"call:{call.pk}:pause",
        patient=patient,
        address=call.phone,
        location=call.location,
        now=now,
    )
    if message.status != Message.Status.QUEUED:
        return _cannot_text(call, f"Asked about a pause on the telephone. {message.reason}", now)
    offers.bind_replies(message, ["pause"], now=now)
    return _last_words(call, "pause", because="pause asked about", now=now)


def _cannot_text(call: Call, why: str, now: datetime) -> Answer:
    calls.ask_staff_to_call(call, why, now=now)
    return _last_words(call, "cannot_text", because="nothing could be texted", now=now)


def _to_person(call: Call, why: str, now: datetime) -> Answer:
    number = call_cases.desk_number(call, now=now)
    if number is None:
        by = call_cases.call_back(call, why, now=now)
        return _last_words(call, "closed", because="closed", now=now, by=by)
    calls.move(call, Stage.TRANSFER)
    path = doors.TWILIO_CALL_DIALLED.format(uuid=call.uuid)
    return Answer(_words(call, "putting_through"), _language(call), dials=number, after_dial=path)


def _silent(call: Call, now: datetime) -> Answer:
    """Asked twice more; then our call becomes a person's task, and a caller is put through (R82)."""
    call.silences += 1
    call.save(update_fields=["silences"])
    calls.move(call, call.stage)
    if call.silences < MOST_SILENCES:
        question = "greeting" if call.stage == Stage.GREETING else "menu" if call.is_ours else "welcome"
        return _ask(call, question, again=True)
    if not call.is_ours:
        return _to_person(call, "Called, and said nothing that the machine understood.", now)
    calls.ask_staff_to_call(call, "Nothing was said on the automated call.", now=now)
    return _last_words(call, "silence", because="silence", now=now)


def _ask(call: Call, key: str, *, again: bool = False) -> Answer:
    sorry = f"{_words(call, 'again')} " if again else ""
    language = _language(call)
    asks = doors.TWILIO_CALL_SAID.format(uuid=call.uuid)
    return Answer(sorry + _words(call, key), language, asks=asks, hints=HINTS[language])


def _wait(call: Call) -> Answer:
    return Answer("", _language(call), waits=doors.TWILIO_CALL_WAIT.format(uuid=call.uuid))


def _last_words(call: Call, key: str, *, because: str, now: datetime, by: str = "") -> Answer:
    calls.end(call, because=because, now=now)
    return Answer(_words(call, key, by=by), _language(call))


def _bye(call: Call | None) -> Answer:
    language = _language(call) if call else "en"
    return Answer(WORDS[language]["goodbye"], language)


def _locked(call_uuid: UUID) -> Call | None:
    """A webhook may come twice at once; the second waits and finds the call moved on."""
    mine = Call.objects.select_for_update(of=("self",)).select_related("patient", "location", "message__enrolment")
    return mine.filter(uuid=call_uuid).first()


def _language(call: Call) -> str:
    return call.patient.language if call.patient else "en"


def _words(call: Call, key: str, *, by: str = "") -> str:
    practice = Practice.current()
    return WORDS[_language(call)][key].format(
        legal_name=practice.legal_name or practice.name,
        first_name=call.patient.first_name if call.patient else "",
        phone=phones.readable(practice.phone),
        by=by,
    )
