"""By which channel a step reaches this patient: its own where it can, else what comes next.

Text: a landline or a dead number is written to by e-mail; a notice that the law asks for goes by e-mail when texts are
off (R79, R103). E-mail: without an address, a text. Automated call: without consent to an artificial voice (R41), a
call task for staff.
"""

from members import consent
from members.models import Patient
from outreach import mailboxes, suppressions, transports
from outreach.models import Message, Step

Channel = Step.Channel


def choose(step: Step, patient: Patient) -> str:
    """The channel, a value of Step.Channel. Whether it may be used right now is the gate's question."""
    if step.channel == Channel.VOICE:
        return Channel.VOICE if _may_be_called(patient) else Channel.STAFF
    if step.channel == Channel.EMAIL:
        return Channel.EMAIL if mailboxes.in_use(patient) else Channel.SMS
    if step.channel == Channel.SMS and not _gets_texts(step, patient) and mailboxes.in_use(patient):
        return Channel.EMAIL
    return step.channel


def address(channel: str, patient: Patient) -> str:
    return patient.email if channel == Channel.EMAIL else patient.phone


def _gets_texts(step: Step, patient: Patient) -> bool:
    phone = patient.phone
    if not phone or suppressions.on(phone, channel=Channel.SMS):
        return False
    return step.kind != Message.Kind.NOTICE or not consent.is_opted_out(phone, channel=Channel.SMS)


def _may_be_called(patient: Patient) -> bool:
    phone = patient.phone
    if not transports.serves(Channel.VOICE) or not phone or suppressions.on(phone, channel=Channel.VOICE):
        return False
    return consent.allows_automated_calls(patient=patient, address=phone)
