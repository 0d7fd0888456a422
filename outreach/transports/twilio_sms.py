"""Texts by Twilio."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings

from common import doors
from outreach.transports import twilio_client
from outreach.transports.base import Inbound, Receipt, TransportError

LONGEST_VALIDITY_SECONDS = 36_000
# How far Twilio's clock and ours may differ when a lost answer is looked up.
_CLOCK_SKEW = timedelta(minutes=1)
_LOOKED_AT = 100
_LISTED = 1_000
_NOT_THERE = "20404"


class TwilioSms:
    """Programmable Messaging through the Messaging Service, else from one number."""

    def send(self, *, to: str, body: str, message_uuid: UUID, valid_seconds: int | None) -> Receipt:
        wanted: dict[str, Any] = {
            "to": to,
            "body": body,
            "status_callback": settings.PUBLIC_BASE_URL + doors.TWILIO_STATUS.format(uuid=message_uuid),
        }
        if settings.TWILIO_MESSAGING_SERVICE_SID:
            wanted["messaging_service_sid"] = settings.TWILIO_MESSAGING_SERVICE_SID
        else:
            wanted["from_"] = settings.TWILIO_FROM_NUMBER
        if valid_seconds is not None:
            wanted["validity_period"] = min(max(int(valid_seconds), 1), LONGEST_VALIDITY_SECONDS)
        with twilio_client.client() as client:
            return twilio_client.receipt(client.messages.create(**wanted))

    def find(self, *, to: str, body: str, since: datetime) -> Receipt | None:
        earliest = since.astimezone(UTC) - _CLOCK_SKEW
        try:
            with twilio_client.client() as client:
                # Newest first. Not by date: texts that still wait in Twilio's queue have no date of sending yet.
                for text in client.messages.list(to=to, limit=_LOOKED_AT):
                    made_at: datetime | None = text.date_created
                    if (text.body or "").strip() == body.strip() and (made_at is None or made_at >= earliest):
                        return twilio_client.receipt(text)
        except TransportError as error:
            # That the question was refused says nothing about the text that it is about.
            raise TransportError(str(error), code=error.code, permanent=False, accepted=None) from None
        return None

    def received(self, *, since: datetime) -> list[Inbound]:
        with twilio_client.client() as client:
            texts = client.messages.list(date_sent_after=since.astimezone(UTC), limit=_LISTED)
            return [
                Inbound(str(text.sid), str(text.from_), str(text.to), text.body or "", int(text.num_media or 0))
                for text in reversed(texts)
                if text.direction == "inbound"
            ]

    def erase(self, sid: str) -> None:
        try:
            with twilio_client.client() as client:
                left = client.messages(sid).update(body="")
        except TransportError as error:
            if error.code == _NOT_THERE:
                return
            raise
        if left.body:
            raise TransportError("Twilio kept the words.", code="not_erased", permanent=False, accepted=False)
        with twilio_client.client() as client:
            for picture in client.messages(sid).media.list():
                picture.delete()

    def ping(self) -> None:
        with twilio_client.client() as client:
            client.api.v2010.accounts(settings.TWILIO_ACCOUNT_SID).fetch()
