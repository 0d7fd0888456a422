"""What a patient was told about a change of the membership, to keep."""

from django.db import models

from members.models import MembershipChange
from outreach.models.messages import Message

Status = Message.Status


class Acknowledgement(models.Model):
    """The text, and the e-mail with every term (R92)."""

    # One change is told once.
    change = models.OneToOneField(MembershipChange, on_delete=models.PROTECT, related_name="acknowledgement")
    text = models.ForeignKey(Message, on_delete=models.PROTECT, related_name="+")
    mail = models.ForeignKey(
        Message, null=True, blank=True, on_delete=models.PROTECT, related_name="+", help_text="Empty: no mailbox."
    )
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.change}, told by message {self.text_id}"

    @property
    def reaches_somebody(self) -> bool:
        """One of the two arrived, or may yet."""
        ways = [self.text, self.mail] if self.mail else [self.text]
        return any(
            way.status in (Status.QUEUED, Status.SENDING, Status.UNKNOWN, Status.SENT, Status.DELIVERED) for way in ways
        )
