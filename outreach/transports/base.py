"""What a way of texting must do. One vendor a module; `outreach.outbox` is the only caller."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True)
class Receipt:
    """The carrier took the message: its id there and its first status in the carrier's words."""

    sid: str
    status: str


@dataclass(frozen=True)
class Inbound:
    """A text from a patient, as the carrier lists it."""

    sid: str
    sender: str
    recipient: str
    body: str
    media_count: int


class TransportError(Exception):
    """The carrier did not take the message, or we cannot know.

    code       the carrier's error code, or our word for what happened ("timeout", "unreachable", "bad_answer")
    permanent  asking again with the same number and text cannot help (R80)
    accepted   False: certainly not sent. None: the outcome is unknown, so look it up before anything else (R73)

    The message holds no recipient and no text: it may be logged.
    """

    def __init__(self, message: str, *, code: str, permanent: bool, accepted: bool | None) -> None:
        super().__init__(message)
        self.code = code
        self.permanent = permanent
        self.accepted = accepted


class Transport(Protocol):
    def send(self, *, to: str, body: str, message_uuid: UUID, valid_seconds: int | None) -> Receipt:
        """Give one text to the carrier; never inside a transaction.

        `to` is E.164. Status callbacks come to `common.doors.TWILIO_STATUS` with `message_uuid`. After `valid_seconds`
        in the carrier's queue the text is not sent any more (None: the carrier's own limit). Raises TransportError.
        """
        ...

    def find(self, *, to: str, body: str, since: datetime) -> Receipt | None:
        """The text with exactly this body that the carrier took for this number since then, newest first; None if none.

        Tells what became of a send whose answer was lost (R73). Raises TransportError when the carrier cannot say.
        """
        ...

    def ping(self) -> None:
        """Ask the carrier something that changes nothing. Raises TransportError when it does not answer."""
        ...


class TextTransport(Transport, Protocol):
    def received(self, *, since: datetime) -> list[Inbound]:
        """The texts from patients that the carrier took since then, oldest first. Raises TransportError."""
        ...

    def erase(self, sid: str) -> None:
        """Delete the words and the pictures of a patient's text at the carrier (R125, R127); again changes nothing.

        Returns only when the carrier confirmed that nothing is left. Raises TransportError.
        """
        ...
