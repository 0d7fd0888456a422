"""The demo's mail server: what is sent lies in inboxes on the phonebook's pages. Production settings never pick it."""

from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from common import clock
from outreach.models import HandsetMail


class Mailbox(BaseEmailBackend):
    """A backend of django.core.mail, so that everything above it is what production runs."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        for mail in email_messages:
            headers = mail.message()
            for address in mail.recipients():
                HandsetMail.objects.create(
                    message_id=headers["Message-ID"][:200],
                    address=address.lower()[:254],
                    subject=str(mail.subject)[:200],
                    text=str(mail.body),
                    unsubscribe=str(headers.get("List-Unsubscribe", "")).strip("<>")[:400],
                    created_at=clock.now(),
                )
        return len(email_messages)
