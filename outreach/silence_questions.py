"""The question after 18 silent months whether texts are still wanted (R16); what is silent, `silence` says."""

from datetime import datetime

from outreach import legal_tables, silence, standing_texts
from outreach.models import Message


def ask(held: Message, *, now: datetime) -> Message | None:
    """Ask once in a silence whether they still want texts; None for a message without a patient."""
    from outreach import outbox  # it asks here when it holds a message

    if held.patient is None:
        return None
    lasts = legal_tables.consent_silence().lasts
    before = Message.objects.filter(address=held.address, dedupe_key__startswith=f"{silence.QUESTION}:")
    if before.filter(created_at__gt=now - lasts).exists():
        return None
    return outbox.post(
        kind=Message.Kind.SERVICING,
        body=standing_texts.still_wanted(held.patient),
        dedupe_key=f"{silence.QUESTION}:{held.address}:{now:%Y%m%d}",
        patient=held.patient,
        address=held.address,
        now=now,
    )
