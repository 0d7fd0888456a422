"""The embedded stand-in carrier: texts land on the handsets of the demo's phonebook pages.

It keeps Twilio's manners, so that everything above runs as in production: signed webhooks and status callbacks, and
opt-out words that the provider answers and enforces itself (R60, R61). Production settings never pick it.
"""

import logging
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Trim, Upper
from django_q.tasks import async_task

from common import clock, doors, loopback, phones
from members.models import Practice
from outreach import playbooks, wording
from outreach.models import HandsetText
from outreach.transports import signatures
from outreach.transports.base import Inbound, Receipt, TransportError

logger = logging.getLogger(__name__)

ACCOUNT_SID = "AC" + "0" * 32
_UNSUBSCRIBED = "21610"
ERASED = "(erased at the carrier)"

# Twilio's words, each only as the whole text. YES opts back in, but says nothing while the number is subscribed.
_WORDS = {
    **dict.fromkeys(("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"), "STOP"),
    **dict.fromkeys(("START", "UNSTOP", "YES"), "START"),
    **dict.fromkeys(("HELP", "INFO"), "HELP"),
}
_WELCOME_BACK = (
    "{practice}: texts to this number are on again. Message frequency varies, msg & data rates may apply. "
    "Reply HELP for help, STOP to opt out."
)


class Phonebook:
    def send(self, *, to: str, body: str, message_uuid: UUID, valid_seconds: int | None) -> Receipt:
        from outreach.transports.tasks import report_delivery

        if is_blocked(to):
            raise TransportError(
                "The handset texted STOP to the carrier.", code=_UNSUBSCRIBED, permanent=True, accepted=False
            )
        callback = settings.PUBLIC_BASE_URL + doors.TWILIO_STATUS.format(uuid=message_uuid)
        with transaction.atomic():
            text = _deliver(to, body, clock.now(), status_callback=callback)
            async_task(report_delivery, text.pk)
        return Receipt(text.sid, text.status)

    def find(self, *, to: str, body: str, since: datetime) -> Receipt | None:
        known = HandsetText.objects.filter(handset=to, body=body, from_handset=False, created_at__gte=since)
        text = known.exclude(status_callback="").order_by("-created_at", "-pk").first()
        return Receipt(text.sid, text.status) if text else None

    def received(self, *, since: datetime) -> list[Inbound]:
        texts = HandsetText.objects.filter(from_handset=True, created_at__gte=since).order_by("created_at", "pk")
        return [Inbound(text.sid, text.handset, settings.TWILIO_FROM_NUMBER, text.body, 0) for text in texts]

    def erase(self, sid: str) -> None:
        HandsetText.objects.filter(sid=sid).update(body=ERASED)

    def ping(self) -> None:
        """Nothing to ask: it is this very process."""


@dataclass(frozen=True)
class Typed:
    """What the patient typed, the carrier's own answer to a keyword, and what our webhook said."""

    text: HandsetText
    auto_reply: HandsetText | None
    webhook_status: int


def type_text(handset: str, body: str, now: datetime) -> Typed:
    """A patient types a text: it is kept on the handset and posted, signed, to our inbound webhook."""
    word = _keyword(handset, body)
    with transaction.atomic():
        text = HandsetText.objects.create(
            sid=_new_sid(), handset=handset, from_handset=True, body=body, status="sent", created_at=now
        )
        reply = _deliver(handset, _confirmation(word), now, status="delivered") if word else None
    form = {
        "MessageSid": text.sid,
        "SmsSid": text.sid,
        "AccountSid": ACCOUNT_SID,
        "ApiVersion": "2010-04-01",
        "SmsStatus": "received",
        "From": handset,
        "To": settings.TWILIO_FROM_NUMBER,
        "Body": body,
        "NumMedia": "0",
        "NumSegments": "1",
    }
    if word:
        form["OptOutType"] = word
    status = _post(doors.TWILIO_SMS, form)
    text.status = "delivered" if status == 200 else "failed"
    text.save(update_fields=["status"])
    return Typed(text, reply, status)


def is_blocked(handset: str) -> bool:
    """Whether the last opt-out or opt-in word that this handset texted was an opt-out."""
    settled = [word for word, meaning in _WORDS.items() if meaning != "HELP"]
    last = (
        HandsetText.objects.filter(handset=handset, from_handset=True)
        .annotate(word=Upper(Trim("body")))
        .filter(word__in=settled)
        .order_by("-created_at", "-pk")
        .values_list("word", flat=True)
        .first()
    )
    return last is not None and _WORDS[last] == "STOP"


def report(text_pk: int, *, status: str) -> int:
    """Tell our status webhook, signed, what became of a text. Returns the webhook's HTTP status."""
    text = HandsetText.objects.get(pk=text_pk)
    text.status = status
    text.save(update_fields=["status"])
    form = {
        "MessageSid": text.sid,
        "SmsSid": text.sid,
        "MessageStatus": status,
        "SmsStatus": status,
        "AccountSid": ACCOUNT_SID,
        "ApiVersion": "2010-04-01",
        "To": text.handset,
        "From": settings.TWILIO_FROM_NUMBER,
    }
    return _post(text.status_callback.removeprefix(settings.PUBLIC_BASE_URL), form)


def _deliver(
    handset: str, body: str, now: datetime, *, status: str = "queued", status_callback: str = ""
) -> HandsetText:
    return HandsetText.objects.create(
        sid=_new_sid(),
        handset=handset,
        from_handset=False,
        body=body,
        status=status,
        status_callback=status_callback,
        created_at=now,
    )


def _post(path: str, form: dict[str, str]) -> int:
    headers = {"X-Twilio-Signature": signatures.sign(path, form)}
    content_type = "application/x-www-form-urlencoded"
    status, _ = loopback.post(path, body=urlencode(form).encode(), content_type=content_type, headers=headers)
    if status >= 300:
        logger.warning("The phonebook's webhook was answered %s", status)
    return status


def _new_sid() -> str:
    return f"SM{uuid4().hex}"


def _keyword(handset: str, body: str) -> str:
    """The provider's own meaning of this text: STOP, START, HELP or ''."""
    word = body.strip().upper()
    meaning = _WORDS.get(word, "")
    return "" if word == "YES" and not is_blocked(handset) else meaning


def _confirmation(word: str) -> str:
    """The texts that a Messaging Service with Advanced Opt-Out would be set to (R36, R51, R61): our own, once."""
    practice = Practice.objects.order_by("pk").first()
    facts = {
        "practice": practice.name if practice else "This practice",
        "practice_phone": phones.readable(practice.phone) if practice else "the front desk",
        "practice_email": practice.email if practice else "the practice",
    }
    return wording.render(
        {"STOP": playbooks.OPTED_OUT["en"], "START": _WELCOME_BACK, "HELP": playbooks.HELP["en"]}[word], facts
    )
