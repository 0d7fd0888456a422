"""What the product is connected to: set or not, which setting is missing, and a live question to each."""

from collections.abc import Callable
from dataclasses import dataclass
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import get_connection
from django.utils.translation import gettext_noop as _

from members import stripe_gateway
from outreach import transports


@dataclass(frozen=True)
class Connection:
    """`missing` names the settings to set; `stands_in`: the demo's own part serves instead."""

    key: str
    name: str
    what_for: str
    missing: tuple[str, ...]
    stands_in: bool
    ask: Callable[[], None]

    @property
    def is_set(self) -> bool:
        return not self.missing


def all_of_them() -> list[Connection]:
    stripe_unset = _unset("STRIPE_API_KEY", "STRIPE_WEBHOOK_SECRETS")
    twilio_unset = _unset("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKENS", "TWILIO_MESSAGING_SERVICE_SID")
    demo_stripe, demo_twilio = settings.DEMO and not settings.STRIPE_API_KEY, settings.DEMO and bool(twilio_unset)
    return [
        Connection(
            "stripe", _("Stripe"), _("Payments and memberships"), () if demo_stripe else stripe_unset, demo_stripe,
            stripe_gateway.ping,
        ),
        Connection(
            "texting", _("Twilio"), _("Texts and calls"), () if demo_twilio else twilio_unset, demo_twilio,
            lambda: transports.sms().ping(),
        ),
        Connection("email", _("E-mail"), _("Notices, invitations"), _email_unset(), False, _ask_email),
    ]  # fmt: skip


def check(connection: Connection) -> str:
    """'' when it answers, else what went wrong in a sentence."""
    try:
        connection.ask()
    except (stripe_gateway.StripeUnavailable, stripe_gateway.StripeRefused, transports.TransportError) as error:
        return str(error)
    except (OSError, SMTPException) as error:
        return f"The mail server did not answer ({type(error).__name__})."
    return ""


def _unset(*names: str) -> tuple[str, ...]:
    return tuple(name for name in names if not any([getattr(settings, name)]))


def _email_unset() -> tuple[str, ...]:
    uses_smtp = settings.EMAIL_BACKEND.endswith("smtp.EmailBackend")
    return ("EMAIL_URL",) if uses_smtp and settings.EMAIL_HOST in ("", "localhost") and not settings.DEMO else ()


def _ask_email() -> None:
    connection = get_connection()
    if connection.open():
        connection.close()
