"""One conversation a phone number, and who holds the pen."""

from django.db import models

from members.models import Patient, StaffUser


class Conversation(models.Model):
    """The concierge answers unless a person holds the pen; then it is silent until they give it back (R166)."""

    class Pen(models.TextChoices):
        CONCIERGE = "concierge", "Concierge"
        PERSON = "person", "A person"

    phone = models.CharField(max_length=16, unique=True, help_text="E.164.")
    patient = models.ForeignKey(Patient, null=True, blank=True, on_delete=models.PROTECT, related_name="conversations")
    pen = models.CharField(max_length=9, choices=Pen, default=Pen.CONCIERGE)
    holder = models.ForeignKey(StaffUser, null=True, blank=True, on_delete=models.SET_NULL)
    pen_moved_at = models.DateTimeField(null=True, blank=True)
    # A conversation opens anew after 24 h of silence; its first automated answer says it is automated (R154).
    introduced_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"conversation {self.pk}"
