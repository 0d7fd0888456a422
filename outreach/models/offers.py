"""What a text offered, so that "the second one" can be understood and only once taken."""

from django.db import models
from django.utils.translation import gettext_noop as _

from members.models import Patient
from outreach.models.messages import Message


class Offer(models.Model):
    """Options bound to one outgoing message; expires, is taken at most once. The contract: `outreach/offers.py`."""

    class Kind(models.TextChoices):
        APPOINTMENT = "appointment", _("Appointment times")
        REPLY = "reply", _("Replies with an effect")

    message = models.OneToOneField(Message, on_delete=models.PROTECT, related_name="offer")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="offers")
    kind = models.CharField(max_length=12, choices=Kind)
    options = models.JSONField(help_text='A list, in the order in which they were named: [{"words": …, …}].')
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    taken_at = models.DateTimeField(null=True, blank=True)
    taken_option = models.PositiveSmallIntegerField(null=True, blank=True, help_text="0-based.")

    class Meta:
        ordering = ("-made_at",)

    def __str__(self) -> str:
        return f"{self.get_kind_display()} offered to {self.patient}"
