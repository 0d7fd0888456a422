"""Patients' e-mail by any mail server that Django can send through."""

import re
import smtplib
from datetime import datetime
from email.utils import formataddr
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.template.loader import render_to_string

from common import phones
from members import links, unsubscribing
from members.models import Location, Practice
from outreach import preference_links
from outreach.models import HandsetMail, Message
from outreach.transports.base import Receipt, TransportError

# Neutral: a lock screen shows it to others (R108).
_SUBJECTS = {"en": "A message from {practice}", "es": "Un mensaje de {practice}"}
_FEET = {
    "en": "{practice}, {address}. Call us: {phone}. No more e-mail from us: {unsubscribe}",
    "es": "{practice}, {address}. Llámenos: {phone}. No recibir más correos: {unsubscribe}",
}
_CHOICES = {"en": "Choose what you get from us: {url}", "es": "Elija qué recibir de nosotros: {url}"}
# A text's way out is not an e-mail's.
_STOP = re.compile(r"\s*(Reply STOP to opt out|Responda STOP para no recibir textos)\.?")


class Mail:
    def send(self, *, to: str, body: str, message_uuid: UUID, valid_seconds: int | None) -> Receipt:
        """The Message-ID is made of our uuid, so that what the mail service tells later finds this message."""
        mail = _compose(to, body, message_uuid)
        connection = get_connection()
        try:
            connection.open()
        except (OSError, smtplib.SMTPException) as error:
            raise _no_connection(error) from None
        try:
            connection.send_messages([mail])
        except smtplib.SMTPResponseException as error:
            raise _refusal(error.smtp_code) from None
        except smtplib.SMTPRecipientsRefused as error:  # the cause names the recipient
            raise _recipient_refused(error) from None
        except (OSError, smtplib.SMTPException):
            raise TransportError(
                "The mail server did not answer.", code="timeout", permanent=False, accepted=None
            ) from None
        finally:
            _close(connection)
        return Receipt(message_id(message_uuid), "sent")

    def find(self, *, to: str, body: str, since: datetime) -> Receipt | None:
        """A mail server cannot be asked, but for the demo's; elsewhere the mail service's webhook may still tell."""
        if not settings.EMAIL_BACKEND.endswith(".Mailbox"):
            raise TransportError("A mail server cannot be asked.", code="no_lookup", permanent=False, accepted=None)
        kept = HandsetMail.objects.filter(address=to.lower(), text__startswith=_words(body), created_at__gte=since)
        mail = kept.order_by("-created_at", "-pk").first()
        return Receipt(mail.message_id, "sent") if mail else None

    def ping(self) -> None:
        try:
            connection = get_connection()
            connection.open()
        except (OSError, smtplib.SMTPException) as error:
            raise _no_connection(error) from None
        _close(connection)


def message_id(message_uuid: UUID) -> str:
    """'<uuid@members.example.com>'."""
    return f"<{message_uuid}@{urlsplit(settings.PUBLIC_BASE_URL).hostname or 'localhost'}>"


def uuid_in(message_id_header: str) -> UUID | None:
    """Our uuid in a Message-ID that the mail service repeats; None for somebody else's."""
    found = re.match(r"<?([0-9a-f-]{36})@", message_id_header.strip())
    try:
        return UUID(found[1]) if found else None
    except ValueError:
        return None


def _compose(to: str, body: str, message_uuid: UUID) -> EmailMultiAlternatives:
    message = Message.objects.select_related("patient", "location").get(uuid=message_uuid)
    if message.kind == Message.Kind.ALERT:
        return _to_staff(message)
    practice, language = Practice.current(), message.patient.language if message.patient else "en"
    unsubscribe = settings.PUBLIC_BASE_URL + unsubscribing.path_for(to)
    foot = {
        "practice": practice.legal_name or practice.name,
        "address": _postal_address(message.location),
        "phone": phones.readable(practice.phone),
    }
    words = _words(body)
    choices = preference_links.issue(message.patient, now=message.claimed_at or message.created_at)
    preferences = links.url(choices) if choices else ""
    feet = [_FEET[language].format(**foot, unsubscribe=unsubscribe)]
    feet += [_CHOICES[language].format(url=preferences)] if preferences else []
    mail = EmailMultiAlternatives(
        subject=_SUBJECTS[language].format(practice=practice.name),
        body="\n".join((words, "", "--", *feet, "")),
        from_email=formataddr((practice.name, settings.MAIL_FROM)),
        to=[to],
        reply_to=[settings.MAIL_REPLY_TO or practice.email],
        headers={
            "Message-ID": message_id(message_uuid),
            "List-Unsubscribe": f"<{unsubscribe}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",  # RFC 8058
            "Auto-Submitted": "auto-generated",
        },
    )
    shown = {
        "words": words,
        "foot": foot,
        "unsubscribe": unsubscribe,
        "preferences": preferences,
        "language": language,
        "practice": practice,
    }
    mail.attach_alternative(render_to_string("outreach/mail.html", shown), "text/html")
    return mail


def _to_staff(message: Message) -> EmailMultiAlternatives:
    """To our own people: nothing to unsubscribe from, and the way into the portal."""
    practice = Practice.current()
    return EmailMultiAlternatives(
        subject=f"{practice.name}: somebody waits",
        body=f"{message.body}\n\n{settings.PUBLIC_BASE_URL}\n",
        from_email=formataddr((practice.name, settings.MAIL_FROM)),
        to=[message.address],
        headers={"Message-ID": message_id(message.uuid), "Auto-Submitted": "auto-generated"},
    )


def _words(body: str) -> str:
    return _STOP.sub("", body).strip()


def _postal_address(location: Location | None) -> str:
    """CAN-SPAM asks for one (R39)."""
    place = location or Location.objects.order_by("pk").first()
    return f"{place.street}, {place.city}, {place.state} {place.zip_code}" if place else ""


def _no_connection(error: Exception) -> TransportError:
    """Nothing was sent: there was no connection, or no way in."""
    login = isinstance(error, smtplib.SMTPAuthenticationError)
    code = "mail_login" if login else "unreachable"
    return TransportError("The mail server cannot be reached.", code=code, permanent=False, accepted=False)


def _refusal(status: int, *, of_the_address: bool = False) -> TransportError:
    """4xx passes by itself; 5xx stays (RFC 5321). Neither was sent."""
    if status < 500:
        return TransportError(
            f"The mail server puts it off ({status}).", code="mail_deferred", permanent=False, accepted=False
        )
    code = "mail_refused" if of_the_address else "mail_rejected"
    return TransportError(f"The mail server refused ({status}).", code=code, permanent=True, accepted=False)


def _recipient_refused(error: smtplib.SMTPRecipientsRefused) -> TransportError:
    status = next(iter(error.recipients.values()), (550, b""))[0]
    return _refusal(status, of_the_address=True)


def _close(connection: object) -> None:
    """Whatever goes wrong while hanging up says nothing about the e-mail."""
    try:
        connection.close()  # type: ignore[attr-defined]
    except (OSError, smtplib.SMTPException):
        return
