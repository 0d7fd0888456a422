"""One conversation a phone number: who holds the pen, who looks after it, whether it is done for now."""

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_noop as _

from members.models import Escalation, Patient, StaffUser

# Cases that are about a conversation: when the last one is resolved, the pen goes back.
CONVERSATION_REASONS = (
    Escalation.Reason.EMERGENCY,
    Escalation.Reason.QUESTION,
    Escalation.Reason.HUMAN,
    Escalation.Reason.UNKNOWN_NUMBER,
    Escalation.Reason.SHARED_PHONE,
    Escalation.Reason.UNANSWERED,
    Escalation.Reason.CANCELLATION,
)


class ConversationQuerySet(models.QuerySet["Conversation"]):
    def open(self, now: datetime) -> Self:
        """Neither closed nor asleep."""
        awake = Q(snoozed_until__isnull=True) | Q(snoozed_until__lte=now)
        return self.filter(awake, closed_at__isnull=True)

    def waiting(self, now: datetime) -> Self:
        """A person has to answer: a case is open or a person has the pen, and no colleague wrote since the patient."""
        cases = Escalation.objects.filter(phone=OuterRef("phone"), reason__in=CONVERSATION_REASONS)
        unanswered = Q(answered_at__isnull=True) | Q(last_in_at__gt=F("answered_at"))
        with_person = Q(pen=Conversation.Pen.PERSON) | Exists(cases.exclude(state=Escalation.State.RESOLVED))
        return self.open(now).filter(with_person & unanswered)


class Conversation(models.Model):
    """The concierge answers unless a person holds the pen; then it is silent until they give it back (R166).

    open -> snoozed -> open (in time)      open, snoozed -> closed      snoozed, closed -> open (the patient texts)
    """

    class Pen(models.TextChoices):
        CONCIERGE = "concierge", _("Concierge")
        PERSON = "person", _("A person")

    phone = models.CharField(max_length=16, unique=True, help_text="E.164.")
    patient = models.ForeignKey(Patient, null=True, blank=True, on_delete=models.PROTECT, related_name="conversations")
    pen = models.CharField(max_length=9, choices=Pen, default=Pen.CONCIERGE)
    holder = models.ForeignKey(StaffUser, null=True, blank=True, on_delete=models.SET_NULL)
    pen_moved_at = models.DateTimeField(null=True, blank=True)
    # A conversation opens anew after 24 h of silence; its first automated answer says it is automated (R154).
    introduced_at = models.DateTimeField(null=True, blank=True)

    last_in_at = models.DateTimeField(null=True, blank=True, help_text="Of the patient's newest text.")
    answered_at = models.DateTimeField(null=True, blank=True, help_text="When a colleague last wrote.")
    moved_at = models.DateTimeField(null=True, blank=True, help_text="The later of the two; orders the inbox.")
    assigned_to = models.ForeignKey(
        StaffUser, null=True, blank=True, on_delete=models.SET_NULL, related_name="conversations"
    )
    snoozed_until = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = ConversationQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["-moved_at", "-id"], name="conversation_inbox")]

    def __str__(self) -> str:
        return f"conversation {self.pk}"


class ReadMark(models.Model):
    """How far a colleague has read a conversation, and whether they are typing in it."""

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="marks")
    user = models.ForeignKey(StaffUser, on_delete=models.CASCADE, related_name="+")
    read_at = models.DateTimeField(null=True, blank=True)
    typing_until = models.DateTimeField(null=True, blank=True, help_text="Pushed on with each key; then it is over.")

    class Meta:
        constraints = [
            # Two tabs of one colleague move one mark.
            models.UniqueConstraint(fields=["conversation", "user"], name="one_read_mark_a_colleague"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.conversation_id}"


class Snippet(models.Model):
    """A reply that staff send often. `{first_name}` becomes the patient's."""

    title = models.CharField(max_length=60)
    body = models.TextField(max_length=1_000)

    class Meta:
        ordering = ("title", "pk")

    def __str__(self) -> str:
        return self.title
