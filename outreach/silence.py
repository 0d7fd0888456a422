"""R16: a consent to marketing texts that nobody has used for 18 months is confirmed again before the next one.

The question (`silence_questions`) is a servicing text and offers nothing. YES, or any other text, ends the silence;
STOP ends the texts.
"""

from datetime import datetime, timedelta

from django.db.models import Q

from members import audit
from members.models import ConsentEntry
from outreach import legal_tables, offers
from outreach.models import Message

QUESTION = "reconfirm"
CODE = "long_silence"
_ANSWERABLE = timedelta(days=30)
_YES = frozenset({"yes", "y", "si", "yes please", "si por favor"})


def is_long(message: Message, *, now: datetime) -> bool:
    """Whether nothing was said in either direction, and nothing agreed to, within the days of the legal table."""
    rule = legal_tables.consent_silence()
    if message.kind not in rule.counts or message.channel == Message.Channel.EMAIL:
        return False
    since, who = now - rule.lasts, Q(address=message.address)
    texts = Message.objects.filter(who | Q(patient=message.patient_id, patient__isnull=False), created_at__gt=since)
    spoken = Q(direction=Message.Direction.IN) | Q(status__in=Message.WENT_OUT)
    ours = texts.filter(spoken).exclude(pk=message.pk).exclude(dedupe_key__startswith=f"{QUESTION}:")
    agreed = ConsentEntry.objects.filter(who, act=ConsentEntry.Act.OPT_IN, occurred_at__gt=since)
    return not ours.exists() and not agreed.exists()


def confirmed(answer: Message, *, now: datetime) -> bool:
    """Whether the text is a YES to our question; then it is on record. In the caller's transaction."""
    if offers.plain(answer.body) not in _YES:
        return False
    texts = Message.objects.filter(
        direction=Message.Direction.OUT, address=answer.address, created_at__gt=now - _ANSWERABLE
    )
    last = texts.filter(status__in=Message.WENT_OUT).order_by("-created_at", "-pk").first()
    if last is None or not (last.dedupe_key or "").startswith(f"{QUESTION}:"):
        return False
    data = {"question": last.pk, "answer": answer.pk}
    audit.record("consent.reconfirmed", actor="patient", patient=last.patient, now=now, data=data)
    return True
