"""Ways to reach a patient. Only this package may import twilio."""

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from outreach.transports.base import Receipt, Transport, TransportError

__all__ = ["Receipt", "Transport", "TransportError", "serves", "sms"]


def sms() -> Transport:
    """The transport for texts, by the settings of this moment. Raises ImproperlyConfigured when there is none."""
    if settings.TWILIO_ACCOUNT_SID:
        from outreach.transports.twilio_sms import TwilioSms

        return TwilioSms()
    if settings.DEMO:
        from outreach.transports.phonebook import Phonebook

        return Phonebook()
    raise ImproperlyConfigured("No way to text: set TWILIO_ACCOUNT_SID (production) or DEMO=true (phonebook).")


def serves(channel: str) -> bool:
    """Whether there is a way to reach anybody by this channel; a step by another one falls back."""
    return channel == "sms"
