"""Whether a patient can be written to by e-mail at all."""

from django.conf import settings

from members.models import Patient
from outreach import suppressions
from outreach.models import Message


def in_use(patient: Patient) -> bool:
    """There is an address, none that bounced, and we send e-mail. An opt-out of it is the gate's question."""
    if not settings.MAIL_FROM or not patient.email:
        return False
    return suppressions.on(patient.email, channel=Message.Channel.EMAIL) is None
