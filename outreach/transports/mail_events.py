"""What the mail service tells by webhook, in anymail's neutral words. Only here is anymail used; it is optional."""

from dataclasses import dataclass
from importlib import import_module
from typing import Any

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest


@dataclass(frozen=True)
class MailEvent:
    """`kind`: delivered, bounced, rejected, complained, unsubscribed, or another word of anymail's."""

    kind: str
    address: str
    message_id: str


@dataclass(frozen=True)
class InboundMail:
    ident: str
    sender: str
    text: str


def events(request: HttpRequest) -> list[MailEvent] | None:
    """None: it is not from the service, or no service is set."""
    told = _told(request, "Tracking")
    if told is None:
        return None
    return [
        MailEvent(str(each.event_type), str(each.recipient or "").lower(), str(each.message_id or "")) for each in told
    ]


def inbound(request: HttpRequest) -> list[InboundMail] | None:
    """None: it is not from the service, or no service is set. Attachments are not read (R127)."""
    told = _told(request, "Inbound")
    if told is None:
        return None
    mails = []
    for each in told:
        mail = each.message
        sender = mail.from_email.addr_spec if mail.from_email else ""
        text = f"{mail.subject or ''}\n{mail.stripped_text or mail.text or ''}"
        mails.append(InboundMail(str(each.event_id or mail.get("Message-ID", "")), sender.lower(), text))
    return mails


def _told(request: HttpRequest, what: str) -> list[Any] | None:
    if not (settings.MAIL_PROVIDER and settings.MAIL_WEBHOOK_SECRET):
        return None
    module = import_module(f"anymail.webhooks.{settings.MAIL_PROVIDER}")
    view = next(
        cls for name, cls in vars(module).items() if name.endswith(f"{what}WebhookView") and "Base" not in name
    )(webhook_secret=settings.MAIL_WEBHOOK_SECRET)
    try:
        view.run_validators(request)
    except SuspiciousOperation:
        return None
    return list(view.parse_events(request))
