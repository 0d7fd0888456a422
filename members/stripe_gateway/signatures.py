"""Which deliveries to our webhook are Stripe's."""

import json
from typing import Any, TypeGuard

import stripe
from django.conf import settings

from common.errors import Refused

TOLERANCE_SECONDS = 300
# As wide as the columns that keep them.
_ID_LENGTH, _TYPE_LENGTH, _VERSION_LENGTH, _OBJECT_ID_LENGTH = 64, 80, 40, 255


def verify_webhook(payload: bytes, signature: str) -> dict[str, Any]:
    """The event in a delivery whose signature is Stripe's and not older than 300 s (R132).

    Every secret in STRIPE_WEBHOOK_SECRETS is tried, so one can be rotated.
    Raises Refused "bad_signature", or "bad_payload" for what is signed but no event that a row can hold.
    """
    try:
        text = payload.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused("The body is not UTF-8.", code="bad_payload") from None
    if not any(_signed(text, signature, secret) for secret in settings.STRIPE_WEBHOOK_SECRETS):
        raise Refused("The signature is missing, wrong or too old.", code="bad_signature")
    event = _decoded(text)
    if not _is_event(event):
        raise Refused("The body is not an event.", code="bad_payload")
    if not _of_our_mode(event):
        raise Refused("The event is of the other mode, test or live.", code="bad_payload")
    return event


def _signed(text: str, signature: str, secret: str) -> bool:
    try:
        stripe.WebhookSignature.verify_header(text, signature, secret, TOLERANCE_SECONDS)
    except stripe.SignatureVerificationError:
        return False
    return True


def _decoded(text: str) -> Any:
    """Strict JSON. PostgreSQL cannot keep NaN, infinities, lone surrogates or NUL, so they are no payload either."""
    try:
        value = json.loads(text)
        again = json.dumps(value, allow_nan=False, ensure_ascii=False)
        again.encode("utf-8")
    except (ValueError, RecursionError):
        raise Refused("The body is not JSON.", code="bad_payload") from None
    if "\\u0000" in again:
        raise Refused("The body holds a NUL character.", code="bad_payload")
    return value


def _is_event(value: Any) -> TypeGuard[dict[str, Any]]:
    if not isinstance(value, dict):
        return False
    version = value.get("api_version") or ""
    data = value.get("data")
    named = data.get("object") if isinstance(data, dict) else None
    object_id = named.get("id") if isinstance(named, dict) else None
    return (
        _fits(value.get("id"), _ID_LENGTH)
        and _fits(value.get("type"), _TYPE_LENGTH)
        and isinstance(version, str)
        and len(version) <= _VERSION_LENGTH
        and len(object_id if isinstance(object_id, str) else "") <= _OBJECT_ID_LENGTH
    )


def _of_our_mode(event: dict[str, Any]) -> bool:
    """R132: a test event must not change a live member. A key that names no mode accepts both."""
    key: str = settings.STRIPE_API_KEY
    if "_live_" in key:
        return event.get("livemode") is True
    return "_test_" not in key or event.get("livemode") is not True


def _fits(value: Any, length: int) -> bool:
    return isinstance(value, str) and 0 < len(value) <= length
