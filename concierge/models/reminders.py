"""That staff were told of a patient who waits for a person."""

from django.db import models
from django.utils.translation import gettext_noop as _

from members.models import Escalation


class Reminder(models.Model):
    """One step of the timer of one hand-off (R167). Never changed."""

    class Step(models.TextChoices):
        DESK = "desk", _("The desk was reminded")
        OWNER = "owner", _("The owner was told")

    case = models.ForeignKey(Escalation, on_delete=models.PROTECT, related_name="reminders")
    step = models.CharField(max_length=5, choices=Step)
    told = models.PositiveSmallIntegerField(help_text="How many people were written to.")
    reminded_at = models.DateTimeField()

    class Meta:
        ordering = ("pk",)
        constraints = [
            # Two workers, one reminder.
            models.UniqueConstraint(fields=["case", "step"], name="one_reminder_a_case_and_step"),
        ]

    def __str__(self) -> str:
        return f"Case {self.case_id}: {self.get_step_display()}"
