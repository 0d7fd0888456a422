"""The Twilio client: another host for tests, silent, and every failure a TransportError."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
from django.conf import settings
from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client
from urllib3.exceptions import MaxRetryError, NewConnectionError

from outreach.transports.base import Receipt, TransportError

TIMEOUT_SECONDS = 10

# Refusals that pass by themselves (R80): too many requests, queue full. Every other 4xx stays what it is.
_TRANSIENT = {20429, 21611, 30001}


class _Http(TwilioHttpClient):  # type: ignore[misc]  # the SDK is not typed
    """The SDK's client with another host where TWILIO_API_BASE is set, and silent: it would log texts and numbers.

    One connection a call: a kept one that was closed under us could not be told from a text that was accepted.
    """

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        with requests.Session() as self.session:
            return super().request(method, _elsewhere(url), *args, **kwargs)

    def log_request(self, kwargs: dict[str, Any]) -> None:
        """Nothing: parameters are patient data (R119)."""

    def log_response(self, status_code: int, response: Any) -> None:
        """Nothing: answers repeat the text."""


def _elsewhere(url: str) -> str:
    """The address at the emulator that TWILIO_API_BASE names; unchanged without one."""
    if not settings.TWILIO_API_BASE:
        return url
    base = urlsplit(str(settings.TWILIO_API_BASE))
    wanted = urlsplit(url)
    return urlunsplit((base.scheme, base.netloc, base.path.rstrip("/") + wanted.path, wanted.query, ""))


@contextmanager
def client() -> Iterator[Client]:
    """A client; whatever goes wrong inside becomes a TransportError."""
    rest = Client(
        settings.TWILIO_ACCOUNT_SID,
        settings.TWILIO_AUTH_TOKENS[0],
        http_client=_Http(pool_connections=False, timeout=TIMEOUT_SECONDS),
    )
    try:
        yield rest
    except (TwilioRestException, TwilioServiceException) as error:
        raise _refusal(error) from None  # the cause names the recipient
    except requests.RequestException as error:
        raise _no_answer(error) from None
    except (ValueError, TypeError, AttributeError, KeyError, TwilioException) as error:
        # A success whose body is not what Twilio documents: the text may well be on its way.
        message = f"Twilio's answer could not be read ({type(error).__name__})."
        raise TransportError(message, code="bad_answer", permanent=False, accepted=None) from None


def receipt(text: Any) -> Receipt:
    if not text.sid:
        raise ValueError("an answer without a sid")
    return Receipt(str(text.sid), str(text.status or ""))


def _refusal(error: Any) -> TransportError:
    """R80: 4xx was not sent; 429 and full queues pass; 5xx and 408 leave the outcome unknown."""
    status, code = int(error.status), int(error.code or error.status)
    if status >= 500 or status == requests.codes.request_timeout:
        return TransportError(f"Twilio failed ({status}).", code=str(code), permanent=False, accepted=None)
    transient = status == requests.codes.too_many_requests or code in _TRANSIENT
    return TransportError(f"Twilio refused the text ({code}).", code=str(code), permanent=not transient, accepted=False)


def _no_answer(error: requests.RequestException) -> TransportError:
    """Without a connection nothing was sent; once connected, only Twilio knows."""
    if isinstance(error, requests.ConnectTimeout) or _never_connected(error):
        return TransportError("Twilio cannot be reached.", code="unreachable", permanent=False, accepted=False)
    code = "timeout" if isinstance(error, requests.Timeout) else "connection_lost"
    return TransportError("Twilio did not answer.", code=code, permanent=False, accepted=None)


def _never_connected(error: requests.RequestException) -> bool:
    """Refused, or the name is unknown: an ordinary ConnectionError also covers a line that broke afterwards."""
    cause = error.args[0] if error.args else None
    return isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)
