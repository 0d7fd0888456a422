"""Past texts: collected in memory by the modules that know why they were sent, then written in order of time."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from concierge.models import Conversation, Turn
from medspa.demo.seeding.lives import SEED, Life
from members import links
from members.models import PatientLink, StaffUser
from outreach import wording
from outreach.models import Enrolment, HandsetText, Message, Sequence, Step

Kind, Status = Message.Kind, Message.Status
_TAKES_TO_ARRIVE = timedelta(seconds=3)


@dataclass
class Read:
    """What the concierge made of an inbound text."""

    message: Message
    intent: str
    decision: str
    rule: str
    facts: dict[str, int]
    reply: Message | None = None


@dataclass
class Talk:
    """Everything that was said, over all members."""

    practice: str
    steps: dict[tuple[str, int], Step]
    sequences: dict[str, Sequence]
    rng: Random = field(default_factory=lambda: Random(f"{SEED}:talk"))  # noqa: S311
    enrolments: list[Enrolment] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    reads: list[Read] = field(default_factory=list)
    on_handsets: list[HandsetText] = field(default_factory=list)

    def says(self, life: Life, body: str, at: datetime) -> Message:
        """A text from the patient."""
        message = self._message(life, body, at, direction=Message.Direction.IN, kind=Kind.INBOUND)
        message.status, message.provider_sid = Status.RECEIVED, self._sid()
        return self._keep(message, body)

    def tells(
        self,
        life: Life,
        body: str,
        at: datetime,
        *,
        kind: str,
        key: str,
        enrolment: Enrolment | None = None,
        link: PatientLink | None = None,
        in_reply_to: Message | None = None,
        author: StaffUser | None = None,
    ) -> Message:
        """A text to the patient that arrived."""
        message = self._message(life, body, at, direction=Message.Direction.OUT, kind=kind)
        message.dedupe_key, message.enrolment, message.link = key, enrolment, link
        message.in_reply_to, message.author = in_reply_to, author
        message.status, message.provider_status, message.provider_sid = Status.DELIVERED, "delivered", self._sid()
        message.due_at = message.claimed_at = message.sent_at = at
        message.attempts, message.delivered_at = 1, at + _TAKES_TO_ARRIVE
        return self._keep(message, body.replace(wording.LINK, links.url(link)) if link else body)

    def holds_back(self, life: Life, body: str, at: datetime, *, key: str, why: str, enrolment: Enrolment) -> Message:
        """A text that the gate did not let go."""
        message = self._message(life, body, at, direction=Message.Direction.OUT, kind=Kind.SERVICING)
        message.dedupe_key, message.enrolment, message.due_at = key, enrolment, at
        message.status, message.reason = Status.HELD, why
        self.messages.append(message)
        return message

    def carrier_answers(self, life: Life, body: str, at: datetime) -> None:
        """The provider's own confirmation: it is on the handset and not among our messages."""
        self.on_handsets.append(
            HandsetText(
                sid=self._sid(),
                handset=life.persona.number,
                from_handset=False,
                body=body,
                status="delivered",
                created_at=at,
            )
        )

    def step(self, slug: str, position: int, life: Life, facts: dict[str, str]) -> str:
        step = self.steps[slug, position]
        spanish = life.persona.language == "es" and step.wording_es
        template = step.wording_es if spanish else step.wording
        known = {"first_name": life.persona.first_name, "practice": self.practice, "practice_phone": "(512) 555-0100"}
        return wording.render(template, known | facts)

    def save(self) -> int:
        """In order of time, so that rows and time tell the same story. Returns how many messages there are."""
        Enrolment.objects.bulk_create(self.enrolments, batch_size=500)
        self.messages.sort(key=lambda message: message.created_at)
        # A reply is later than what it answers: two rounds give the first their ids.
        Message.objects.bulk_create([message for message in self.messages if not message.in_reply_to], batch_size=300)
        Message.objects.bulk_create([message for message in self.messages if message.in_reply_to], batch_size=300)
        HandsetText.objects.bulk_create(sorted(self.on_handsets, key=lambda text: text.created_at), batch_size=500)
        self._save_conversations()
        return len(self.messages)

    def _save_conversations(self) -> None:
        conversations: dict[str, Conversation] = {}
        for read in self.reads:
            phone = read.message.address
            conversations.setdefault(phone, Conversation(phone=phone, patient=read.message.patient))
            one, at = conversations[phone], read.message.created_at
            one.introduced_at = one.last_in_at = one.moved_at = max(at, one.last_in_at or at)
            if read.decision == "hand_off":
                one.answered_at = at + timedelta(minutes=40)
        Conversation.objects.bulk_create(conversations.values())
        Turn.objects.bulk_create(
            Turn(
                message=read.message,
                conversation=conversations[read.message.address],
                started_at=read.message.created_at + timedelta(seconds=1),
                finished_at=read.message.created_at + timedelta(seconds=2),
                intent=read.intent,
                confidence=round(self.rng.uniform(0.86, 0.99), 2),
                decision=read.decision,
                rule=read.rule,
                facts=read.facts,
                reply=read.reply,
            )
            for read in self.reads
        )

    def _message(self, life: Life, body: str, at: datetime, *, direction: str, kind: str) -> Message:
        return Message(
            direction=direction,
            kind=kind,
            patient=life.patient,
            location=life.location,
            address=life.persona.number,
            body=body,
            created_at=at,
        )

    def _keep(self, message: Message, as_shown: str) -> Message:
        self.messages.append(message)
        self.on_handsets.append(
            HandsetText(
                sid=message.provider_sid or self._sid(),
                handset=message.address,
                from_handset=message.direction == Message.Direction.IN,
                body=as_shown,
                status="delivered",
                created_at=message.created_at,
            )
        )
        return message

    def _sid(self) -> str:
        return f"SM{self.rng.getrandbits(128):032x}"


def start() -> Talk:
    sequences = {sequence.slug: sequence for sequence in Sequence.objects.all()}
    steps = {(slug, step.position): step for slug, sequence in sequences.items() for step in sequence.steps.all()}
    return Talk("Glow Theory", steps, sequences)


def daytime(at: datetime, life: Life) -> datetime:
    """`at`, moved into a decent hour of the patient's day: never before 10:00, never after 17:59."""
    zone = ZoneInfo(life.persona.time_zone or life.location.time_zone)
    local = at.astimezone(zone)
    if local.hour >= 18:
        local += timedelta(days=1)
    if not 10 <= local.hour < 18:
        local = local.replace(hour=10, minute=life.index % 50, second=0, microsecond=0)
    return local.astimezone(at.tzinfo)
