"""A text that the engine did not understand, and what a person says it meant."""

from django.db import models

from concierge.models.turns import Turn
from members.models import StaffUser


class LabelledText(models.Model):
    """Kept for training: without names, numbers and addresses. The engine learns from it once it is in the examples."""

    # A text has one meaning: labelled again, the row is changed, and the audit trail knows both.
    turn = models.OneToOneField(Turn, on_delete=models.PROTECT, related_name="label")
    text = models.TextField()
    intent = models.CharField(max_length=30)
    language = models.CharField(max_length=2)
    labelled_by = models.ForeignKey(StaffUser, on_delete=models.PROTECT, related_name="+")
    labelled_at = models.DateTimeField()

    class Meta:
        ordering = ("intent", "pk")

    def __str__(self) -> str:
        return f"{self.intent}: text {self.turn_id}"
