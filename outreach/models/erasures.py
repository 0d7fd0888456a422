"""Copies of patients' texts that the carrier must not keep."""

from django.db import models
from django.db.models import Q

from outreach.models.messages import Message


class Erasure(models.Model):
    """One text that held a card number or a picture: due -> erased at the carrier (R125, R127)."""

    message = models.OneToOneField(Message, on_delete=models.PROTECT, related_name="erasure")
    due_at = models.DateTimeField(help_text="When it is asked for next; each try moves it on first.")
    tries = models.PositiveSmallIntegerField(default=0)
    erased_at = models.DateTimeField(null=True, blank=True, help_text="The carrier confirmed it.")

    class Meta:
        ordering = ("pk",)
        indexes = [models.Index(fields=["due_at"], condition=Q(erased_at__isnull=True), name="erasure_due")]

    def __str__(self) -> str:
        return f"Message {self.message_id}: {'erased' if self.erased_at else 'to be erased'}"
