"""The stand-in carrier's telephone: rings the demo's handsets, reads our TwiML, and posts signed webhooks.

It understands the TwiML that we build (Say, Gather, Pause, Redirect, Dial, Hangup) and nothing more.
"""

from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID, uuid4
from xml.etree import ElementTree

from django.conf import settings

from common import clock, doors, loopback
from outreach.models import HandsetCall
from outreach.transports import signatures
from outreach.transports.base import Receipt
from outreach.transports.phonebook import ACCOUNT_SID

OVER = frozenset({"completed", "no-answer", "busy", "failed", "canceled"})


class PhonebookVoice:
    def send(self, *, to: str, body: str, message_uuid: UUID, valid_seconds: int | None) -> Receipt:
        call = HandsetCall.objects.create(
            sid=_new_sid(),
            handset=to,
            from_handset=False,
            answer_path=doors.TWILIO_CALL_ANSWERED.format(uuid=message_uuid),
            status_path=doors.TWILIO_CALL_STATUS.format(uuid=message_uuid),
            created_at=clock.now(),
        )
        return Receipt(call.sid, "queued")

    def find(self, *, to: str, body: str, since: datetime) -> Receipt | None:
        calls = HandsetCall.objects.filter(handset=to, from_handset=False, created_at__gte=since)
        call = calls.order_by("-created_at", "-pk").first()
        return Receipt(call.sid, "queued") if call else None

    def ping(self) -> None:
        """Nothing to ask: it is this very process."""


def dial_in(handset: str, now: datetime) -> HandsetCall:
    """The patient calls the practice's number."""
    call = HandsetCall.objects.create(
        sid=_new_sid(),
        handset=handset,
        from_handset=True,
        status="in-progress",
        answer_path=doors.TWILIO_CALL,
        created_at=now,
    )
    _follow(call, call.answer_path, {})
    return call


def answer(call: HandsetCall, *, by: str = "human") -> None:
    """The handset is picked up by a `human`, or by a machine (`machine_end_beep`)."""
    if call.status != "ringing":
        return
    call.status = "in-progress"
    call.save(update_fields=["status"])
    _tell(call)
    _follow(call, call.answer_path, {"AnsweredBy": by})


def let_ring(call: HandsetCall) -> None:
    if call.status == "ringing":
        _end(call, "no-answer")


def say(call: HandsetCall, *, digits: str = "", words: str = "") -> None:
    """What the patient pressed or said where they were asked; neither: silence."""
    if call.status != "in-progress" or call.next_act != "gather":
        return
    heard = (digits and f"[{digits}]") or words or "…"
    call.lines.append(["them", heard])
    form = {"Digits": digits} if digits else {"SpeechResult": words, "Confidence": "0.9"} if words else {}
    _follow(call, call.next_path, form)


def go_on(call: HandsetCall) -> None:
    """Ask again, as a Redirect tells us to."""
    if call.status == "in-progress" and call.next_act == "redirect":
        _follow(call, call.next_path, {})


def put_through(call: HandsetCall, *, status: str) -> None:
    """The front desk was dialled: `completed` (they talked), no-answer, busy, failed."""
    if call.status == "in-progress" and call.next_act == "dial":
        _follow(call, call.next_path, {"DialCallStatus": status})


def hang_up(call: HandsetCall) -> None:
    if call.status not in OVER:
        _end(call, "completed")


def _follow(call: HandsetCall, path: str, more: dict[str, str]) -> None:
    """Post to a door and do what its TwiML says, up to where the patient or the desk has a say."""
    status, body = _post(path, {**_form(call), **more})
    call.next_act, call.next_path, call.dials = "", "", ""
    if status == 200:
        for verb in ElementTree.fromstring(body):  # noqa: S314  # our own door's answer
            _do(call, verb)
    else:
        call.lines.append(["us", f"(An error: the door answered {status}.)"])
    call.save()
    if not call.next_act:
        _end(call, "completed")


def _do(call: HandsetCall, verb: ElementTree.Element) -> None:
    if verb.tag == "Say":
        call.lines.append(["us", verb.text or ""])
    elif verb.tag == "Gather":
        for inner in verb:
            _do(call, inner)
        call.next_act, call.next_path = "gather", _path(verb.get("action", ""))
    elif verb.tag == "Redirect":
        call.next_act, call.next_path = "redirect", _path(verb.text or "")
    elif verb.tag == "Dial":
        number = verb.find("Number")
        call.next_act, call.next_path = "dial", _path(verb.get("action", ""))
        call.dials = (number.text if number is not None else "") or ""


def _end(call: HandsetCall, status: str) -> None:
    call.status, call.next_act, call.next_path = status, "", ""
    call.save()
    _tell(call)


def _tell(call: HandsetCall) -> None:
    if call.status_path:
        _post(call.status_path, _form(call))
    elif call.status in OVER:
        _post(doors.TWILIO_CALL, _form(call))


def _form(call: HandsetCall) -> dict[str, str]:
    ours, theirs = settings.TWILIO_FROM_NUMBER, call.handset
    caller, called = (theirs, ours) if call.from_handset else (ours, theirs)
    return {
        "CallSid": call.sid,
        "AccountSid": ACCOUNT_SID,
        "ApiVersion": "2010-04-01",
        "From": caller,
        "To": called,
        "Direction": "inbound" if call.from_handset else "outbound-api",
        "CallStatus": call.status,
    }


def _post(path: str, form: dict[str, str]) -> tuple[int, bytes]:
    headers = {"X-Twilio-Signature": signatures.sign(path, form)}
    kind = "application/x-www-form-urlencoded"
    return loopback.post(path, body=urlencode(form).encode(), content_type=kind, headers=headers)


def _path(url: str) -> str:
    return url.strip().removeprefix(str(settings.PUBLIC_BASE_URL))


def _new_sid() -> str:
    return f"CA{uuid4().hex}"
