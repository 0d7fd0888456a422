"""A text that did not arrive is sent again, as a message of its own: by the table where the reason may pass (R80), by
e-mail where the law asks for it (R103)."""

from datetime import datetime

from outreach import mailboxes, send_errors
from outreach.models import Message

Kind = Message.Kind

# What somebody counts on and is still true hours later; the gate asks both again. An answer of yesterday is not.
_WORTH_IT = (Kind.SERVICING, Kind.NOTICE, Kind.CONFIRMATION)
_KEY = "again:{first}:{number}"  # the dedupe key of a try, by which a second callback finds it made


def plan(message: Message, *, code: str, now: datetime) -> bool:
    """Make the next try, in the caller's transaction. False: this kind or code has none, or they are used up."""
    from outreach import outbox  # it sends through `delivery`, which calls this module

    first, tried = _place(message)
    waits = send_errors.tried_again_after(code)
    if message.kind not in _WORTH_IT or tried >= len(waits):
        return False
    again = outbox.post(
        kind=message.kind,
        channel=message.channel,
        body=message.body,
        dedupe_key=_KEY.format(first=first, number=tried + 1),
        patient=message.patient,
        address=message.address,
        location=message.location,
        enrolment=message.enrolment,
        link=message.link,
        due_at=now + waits[tried],
        now=now,
    )
    return again.status == Message.Status.QUEUED


def by_mail(message: Message, *, now: datetime) -> bool:
    """Send a notice by e-mail that cannot go by text, in the caller's transaction. False: no notice, or no mailbox."""
    from outreach import outbox  # as above

    patient = message.patient
    if message.kind != Kind.NOTICE or message.channel != Message.Channel.SMS:
        return False
    if patient is None or not mailboxes.in_use(patient):
        return False
    outbox.post(
        kind=message.kind,
        channel=Message.Channel.EMAIL,
        body=message.body,
        dedupe_key=f"mail:{message.pk}",
        patient=patient,
        address=patient.email,
        location=message.location,
        enrolment=message.enrolment,
        link=message.link,
        now=now,
    )
    return True


def _place(message: Message) -> tuple[int, int]:
    """The first message of the tries, and how many were made after it up to this one."""
    name, _, rest = (message.dedupe_key or "").partition(":")
    if name != "again":
        return message.pk, 0
    first, _, number = rest.partition(":")
    return int(first), int(number)
