"""Twilio's signature on webhooks, and the TwiML that answers them."""

from collections.abc import Mapping

from django.conf import settings
from django.http import QueryDict
from twilio.request_validator import RequestValidator
from twilio.twiml.messaging_response import MessagingResponse


def is_from_twilio(path_with_query: str, post: QueryDict, signature: str) -> bool:
    """Whether Twilio signed this form for this address (R66).

    The signed URL is our configured public base plus the raw path and query, never a Host or X-Forwarded header (R67);
    during a rotation each of TWILIO_AUTH_TOKENS counts (R68). Give `request.get_full_path()`, `request.POST` itself
    (repeated parameters) and `request.headers.get("X-Twilio-Signature", "")`. The signature carries no time, so a
    replay validates for ever: the caller dedupes by MessageSid (R69).
    """
    if not signature:
        return False
    url = _public_url(path_with_query)
    return any(RequestValidator(token).validate(url, post, signature) for token in settings.TWILIO_AUTH_TOKENS if token)


def sign(path_with_query: str, params: Mapping[str, str]) -> str:
    """The signature that Twilio would send, made with the primary token: for the phonebook and for tests."""
    validator = RequestValidator(settings.TWILIO_AUTH_TOKENS[0])
    return str(validator.compute_signature(_public_url(path_with_query), dict(params)))


def empty_twiml() -> str:
    """Say nothing now: the answer goes out by the outbox (R70). Content type: text/xml."""
    return str(MessagingResponse())


def _public_url(path_with_query: str) -> str:
    base: str = settings.PUBLIC_BASE_URL
    return base.rstrip("/") + path_with_query
