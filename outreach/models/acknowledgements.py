"""What a patient was told about a change of the membership, to keep."""

from django.db import models

from members.models import MembershipChange
from outreach.models.messages import Message


class Acknowledgement(models.Model):
    """The text that went out, and the e-mail that is to follow: `emailed_at` is empty until it has (R92)."""

    # One change is told once.
    change = models.OneToOneField(MembershipChange, on_delete=models.PROTECT, related_name="acknowledgement")
    text = models.ForeignKey(Message, on_delete=models.PROTECT, related_name="+")
    address = models.EmailField(blank=True, help_text="Empty: no e-mail address was on file.")
    subject = models.CharField(max_length=120, help_text="Neutral (R108).")
    body = models.TextField()
    created_at = models.DateTimeField()
    emailed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("pk",)
        indexes = [
            models.Index(
                fields=["id"], condition=models.Q(emailed_at__isnull=True) & ~models.Q(address=""), name="ack_to_email"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject}: {self.change}"
