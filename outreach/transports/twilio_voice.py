"""Automated calls by Twilio."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings

from common import doors
from outreach.transports import twilio_client
from outreach.transports.base import Receipt, TransportError

RINGS_SECONDS = 25
_CLOCK_SKEW = timedelta(minutes=1)
_LOOKED_AT = 20
# `initiated` is the create call's own answer (R72); the others tell how the call goes on.
_TELL = ["ringing", "answered", "completed"]


class TwilioVoice:
    """Places calls; what is said on them comes from our doors as TwiML."""

    def send(self, *, to: str, body: str, message_uuid: UUID, valid_seconds: int | None) -> Receipt:
        """`body` is what staff read, and is not spoken. DetectMessageEnd: an answering machine is left words (R81)."""
        with twilio_client.client() as client:
            call = client.calls.create(
                to=to,
                from_=settings.TWILIO_FROM_NUMBER,
                url=settings.PUBLIC_BASE_URL + doors.TWILIO_CALL_ANSWERED.format(uuid=message_uuid),
                status_callback=settings.PUBLIC_BASE_URL + doors.TWILIO_CALL_STATUS.format(uuid=message_uuid),
                status_callback_event=_TELL,
                machine_detection="DetectMessageEnd",
                timeout=RINGS_SECONDS,
                record=False,  # R46
            )
            return twilio_client.receipt(call)

    def find(self, *, to: str, body: str, since: datetime) -> Receipt | None:
        """The newest call to the number since then: two within seconds are not placed to one patient (R25)."""
        earliest = since.astimezone(UTC) - _CLOCK_SKEW
        try:
            with twilio_client.client() as client:
                for call in client.calls.list(to=to, limit=_LOOKED_AT):
                    made_at: Any = call.date_created
                    if made_at is None or made_at >= earliest:
                        return twilio_client.receipt(call)
        except TransportError as error:
            raise TransportError(str(error), code=error.code, permanent=False, accepted=None) from None
        return None

    def ping(self) -> None:
        with twilio_client.client() as client:
            client.api.v2010.accounts(settings.TWILIO_ACCOUNT_SID).fetch()
