"""What the concierge made of one inbound text, and why it did what it did."""

from django.db import models

from concierge.models.conversations import Conversation
from outreach.models import Message


class Turn(models.Model):
    """One a text: understood, decided, why, from which facts, with what outcome."""

    # Every inbound text is answered exactly once: the second worker ends at this constraint.
    message = models.OneToOneField(Message, on_delete=models.PROTECT, related_name="turn")
    conversation = models.ForeignKey(Conversation, on_delete=models.PROTECT, related_name="turns")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    intent = models.CharField(max_length=30, blank=True)
    confidence = models.FloatField(null=True, blank=True)
    decision = models.CharField(max_length=20, blank=True, help_text="reply, act, hand_off or silent.")
    rule = models.CharField(max_length=120, blank=True, help_text="The rule that decided, in words.")
    facts = models.JSONField(default=dict, help_text="Ids, counts and ages that the answer rests on.")
    reply = models.OneToOneField(Message, null=True, blank=True, on_delete=models.PROTECT, related_name="answers")

    class Meta:
        ordering = ("-started_at",)
        indexes = [
            models.Index(fields=["started_at", "intent"], name="turn_by_time"),  # what patients ask, week by week
            models.Index(
                fields=["started_at"], condition=models.Q(finished_at__isnull=True), name="turn_unfinished"
            ),  # the sweep
        ]

    def __str__(self) -> str:
        return f"{self.intent or 'unread'} -> {self.decision or '…'}"
