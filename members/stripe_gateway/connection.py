"""The one Stripe client, and Stripe's errors under our names."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import stripe
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from common.errors import Refused

TIMEOUT_SECONDS = 10.0


class CardDeclined(Refused):
    """The bank said no. The message may be shown to the patient; the decline code is for staff only (R140)."""

    def __init__(self, decline_code: str) -> None:
        super().__init__("The card was declined. Please try another card.", code="card_declined")
        self.decline_code = decline_code


class StripeUnavailable(Exception):
    """No answer, too many requests, an error at Stripe, or our key is not accepted (it was rolled).

    The same call may be made again with the same idempotency key.
    """


class StripeRefused(Exception):
    """Stripe understood and said no (unknown id, wrong state, missing permission). `code` is Stripe's own, or ""."""

    def __init__(self, message: str, *, code: str = "") -> None:
        super().__init__(message)
        self.code = code


def client() -> stripe.StripeClient:
    if not settings.STRIPE_API_KEY and not settings.DEMO:
        raise ImproperlyConfigured("Set STRIPE_API_KEY to the restricted key of your Stripe account.")
    return _connected(settings.STRIPE_API_KEY, settings.STRIPE_API_VERSION)


@cache
def _connected(api_key: str, version: str) -> stripe.StripeClient:
    if api_key:
        http = stripe.RequestsClient(timeout=TIMEOUT_SECONDS)
        return stripe.StripeClient(api_key, stripe_version=version, http_client=http, max_network_retries=1)
    from members.stripe_standin.client import StandinClient

    return stripe.StripeClient(
        "sk_test_standin", stripe_version=version, http_client=StandinClient(), max_network_retries=0
    )


@contextmanager
def errors_named() -> Iterator[None]:
    try:
        yield
    except stripe.CardError as error:
        raise CardDeclined(getattr(error.error, "decline_code", None) or error.code or "") from error
    except (
        stripe.APIConnectionError,
        stripe.RateLimitError,
        stripe.APIError,
        stripe.AuthenticationError,  # about us, not about the object that was asked for
    ) as error:
        raise StripeUnavailable(f"{type(error).__name__} (HTTP {error.http_status})") from error
    except stripe.StripeError as error:
        raise StripeRefused(error.user_message or type(error).__name__, code=error.code or "") from error
