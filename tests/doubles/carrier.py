"""A carrier that counts: what it was given, and how it fails when told to."""

from datetime import datetime
from itertools import count
from uuid import UUID

from outreach.transports import Receipt, TransportError


class Carrier:
    """Put errors into `failures`: each call of `send` takes the next one. With `keeps_what_it_fails`, the text that
    was answered with an error is on its way all the same (the answer was lost)."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []
        self.erased: list[str] = []
        self.valid_seconds: list[int | None] = []
        self.failures: list[Exception] = []
        self.keeps_what_it_fails = False
        self.can_look_up = True
        self.while_sending = lambda: None
        self._sids = count(1)
        self._known: dict[tuple[str, str], Receipt] = {}

    def send(self, *, to: str, body: str, message_uuid: UUID, valid_seconds: int | None) -> Receipt:
        self.while_sending()
        receipt = Receipt(sid=f"SM{next(self._sids):032d}", status="queued")
        if self.failures:
            failure = self.failures.pop(0)
            if self.keeps_what_it_fails:
                self._take(to, body, valid_seconds, receipt)
            raise failure
        self._take(to, body, valid_seconds, receipt)
        return receipt

    def find(self, *, to: str, body: str, since: datetime) -> Receipt | None:
        if not self.can_look_up:
            raise lost()
        return self._known.get((to, body))

    def erase(self, sid: str) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.erased.append(sid)

    def _take(self, to: str, body: str, valid_seconds: int | None, receipt: Receipt) -> None:
        self.sent.append((to, body))
        self.valid_seconds.append(valid_seconds)
        self._known[to, body] = receipt


def lost() -> TransportError:
    """The answer did not come: sent or not, nobody knows."""
    return TransportError("Twilio did not answer.", code="timeout", permanent=False, accepted=None)


def refusal(code: str) -> TransportError:
    return TransportError("Twilio refused the text.", code=code, permanent=True, accepted=False)
