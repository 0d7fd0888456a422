"""A text that was read, the one message that answers it, and what is kept of both."""

import re
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from concierge.actions import booking
from concierge.facts import MemberFacts, Sender
from concierge.models import Conversation
from concierge.policy import Offered
from concierge.replies import Voice
from concierge.understanding import Intent, Names, ServiceWords, Understanding, llm, reader
from concierge.understanding.phrases import normal
from members.models import Membership, Patient, PatientLink, Plan, Practice, Service
from outreach import outbox
from outreach.models import Message, Offer
from outreach.offers import Match

# A conversation opens anew after a day; its first automated text says that it is automated (R154).
INTRODUCED_FOR = timedelta(hours=24)
SAID_AGAIN_AFTER = 20  # messages, in and out (R154)

_OF_CREDITS = frozenset({Intent.COVERAGE, Intent.SHARE_TRANSFER, Intent.CREDIT_BALANCE, Intent.MEMBER_PRICE})
_WITH_CHILD = re.compile(r"\b(?:pregnan\w*|breast ?feed\w*|embaraz\w*|lactando|amamant\w*|dando pecho)\b")


@dataclass(frozen=True)
class Outcome:
    """What became of a text: kept on its Turn."""

    decision: str  # reply, act, hand_off or silent
    rule: str
    reply: Message | None = None
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """A text that was read, with all that its answer may rest on."""

    message: Message
    conversation: Conversation
    sender: Sender
    understood: Understanding
    facts: MemberFacts | None
    offer: Offer | None
    offered: Offered | None
    voice: Voice
    match: Match | None = None  # a reply that the last text named

    @property
    def pays_for(self) -> Membership | None:
        """Somebody else's membership, for which the sender pays, if the text answers one about that."""
        enrolment = self.match.offer.message.enrolment if self.match else None
        if enrolment is None or enrolment.membership.patient == self.sender.patient:
            return None
        return enrolment.membership


def read(message: Message, patient: Patient | None) -> Understanding:
    """What the text wants and names, by the reader of this process."""
    services = [
        ServiceWords(service.pk, (service.name, *map(str, service.nicknames))) for service in Service.objects.all()
    ]
    plans = [Names(plan.pk, (plan.name,)) for plan in Plan.objects.all()]
    understood = llm.over(reader()).read(
        message.body,
        services=services,
        language=own_language(patient),
        plans=plans,
        providers=booking.providers_of(patient),
    )
    if understood.intent in _OF_CREDITS and _WITH_CHILD.search(normal(message.body)):  # R157: whatever else it asks
        return replace(understood, intent=Intent.CLINICAL, also=(understood.intent, *understood.also))
    return understood


def provider(understood: Understanding) -> int | None:
    """Whom the text wants to be seen by; none where it may be two, or where the sender only bears the name."""
    named = understood.entities.provider_ids
    return named[0] if len(named) == 1 and not understood.entities.says_name else None


def own_language(patient: Patient | None) -> str:
    return patient.language if patient else "en"


def voice_for(conversation: Conversation, *, practice: Practice, language: str, now: datetime) -> Voice:
    since = conversation.introduced_at
    introduces = since is None or now - since >= INTRODUCED_FOR or _is_long(conversation, since)
    return Voice(practice.name, language, introduces)


def _is_long(conversation: Conversation, since: datetime) -> bool:
    said = Message.objects.filter(address=conversation.phone, created_at__gt=since, channel=Message.Channel.SMS)
    return said.count() >= SAID_AGAIN_AFTER


def post(asked: Asked, kind: str, sentences: list[str], now: datetime, link: PatientLink | None = None) -> Message:
    text = outbox.post(
        kind=kind,
        body=asked.voice.says(*sentences),
        dedupe_key=f"answer:{asked.message.pk}",
        patient=asked.sender.patient,
        address=asked.message.address,
        location=asked.message.location,
        link=link,
        in_reply_to=asked.message,
        now=now,
    )
    note_introduction(asked, text, now)
    return text


def note_introduction(asked: Asked, text: Message | None, now: datetime) -> None:
    if text and asked.voice.introduces:
        Conversation.objects.filter(pk=asked.conversation.pk).update(introduced_at=now)


def record(asked: Asked) -> dict[str, Any]:
    kept = asked.facts.as_record() if asked.facts else {"known": asked.sender.known.value}
    return {**kept, "offer": asked.offer.pk} if asked.offer else kept
