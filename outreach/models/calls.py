"""Telephone calls that the machine holds: where each stands and how it ended."""

import uuid

from django.db import models
from django.utils.translation import gettext_noop as _

from members.models import Location, Patient
from outreach.models.messages import Message


class Call(models.Model):
    """ringing -> greeting (who is it?) -> menu -> transfer -> ended. An incoming call begins at the menu.

    One speaker, one utterance at a time: `heard` waits in this row until a worker has read it into `understood`,
    because the processes that serve the webhooks do not load the reader (settled.md 4).
    """

    class Stage(models.TextChoices):
        RINGING = "ringing", _("Ringing")
        GREETING = "greeting", _("Asking who it is")
        MENU = "menu", _("Choosing")
        TRANSFER = "transfer", _("Being put through")
        ENDED = "ended", _("Ended")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False, help_text="In the webhooks' addresses.")
    # Ours: the message in the outbox that it is. Empty: the patient called.
    message = models.OneToOneField(Message, null=True, blank=True, on_delete=models.PROTECT, related_name="call")
    sid = models.CharField(max_length=64, unique=True, null=True, blank=True, help_text="The carrier's id.")
    phone = models.CharField(max_length=16, help_text="The patient's side: E.164, or what the carrier sent.")
    patient = models.ForeignKey(Patient, null=True, blank=True, on_delete=models.PROTECT, related_name="calls")
    location = models.ForeignKey(Location, null=True, blank=True, on_delete=models.PROTECT)
    stage = models.CharField(max_length=8, choices=Stage, default=Stage.RINGING)
    heard = models.CharField(max_length=400, blank=True, help_text="The last words, card numbers taken out.")
    understood = models.CharField(max_length=30, blank=True, help_text="The worker's reading; empty: not read yet.")
    silences = models.PositiveSmallIntegerField(default=0, help_text="In a row; the third ends it (R82).")
    waits = models.PositiveSmallIntegerField(default=0, help_text="How often the line asked for the reading in vain.")
    ended_because = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at", "-pk")

    def __str__(self) -> str:
        return f"Call #{self.pk} ({self.get_stage_display()})"

    @property
    def is_ours(self) -> bool:
        return self.message_id is not None
