"""Ways to reach a patient. Only this package may import twilio."""

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from outreach.transports.base import Inbound, Receipt, TextTransport, Transport, TransportError

__all__ = [
    "Inbound",
    "Receipt",
    "TextTransport",
    "Transport",
    "TransportError",
    "by",
    "email",
    "serves",
    "sms",
    "voice",
]

_NO_TWILIO = "No way to {what}: set TWILIO_ACCOUNT_SID (production) or DEMO=true (phonebook)."


def by(channel: str) -> Transport:
    """The transport of a channel, a value of Message.Channel. Raises ImproperlyConfigured when there is none."""
    return {"sms": sms, "email": email, "voice": voice}[channel]()


def sms() -> TextTransport:
    """The transport for texts, by the settings of this moment. Raises ImproperlyConfigured when there is none."""
    if settings.TWILIO_ACCOUNT_SID:
        from outreach.transports.twilio_sms import TwilioSms

        return TwilioSms()
    if settings.DEMO:
        from outreach.transports.phonebook import Phonebook

        return Phonebook()
    raise ImproperlyConfigured(_NO_TWILIO.format(what="text"))


def voice() -> Transport:
    """The transport for automated calls. Raises ImproperlyConfigured when there is none."""
    if settings.TWILIO_ACCOUNT_SID:
        from outreach.transports.twilio_voice import TwilioVoice

        return TwilioVoice()
    if settings.DEMO:
        from outreach.transports.phonebook_voice import PhonebookVoice

        return PhonebookVoice()
    raise ImproperlyConfigured(_NO_TWILIO.format(what="call"))


def email() -> Transport:
    """The transport for e-mail: SMTP, or the demo's inboxes."""
    from outreach.transports.mail import Mail

    return Mail()


def serves(channel: str) -> bool:
    """Whether there is a way to reach anybody by this channel; a step by another one falls back."""
    if channel == "email":
        return bool(settings.MAIL_FROM)
    if channel == "voice":
        return bool(settings.TWILIO_FROM_NUMBER)  # a call needs a number of its own; a service has none
    return channel == "sms"
