"""Plans: who was to get what on a day, who not, and why. A run enrols exactly the lines of its plan."""

from django.db import models
from django.db.models import Q

from members.models import Location, Membership
from outreach.models.sequences import Sequence


class CadencePlan(models.Model):
    """made -> ran. The dry run that staff look at and the run are the same row."""

    which = models.CharField(max_length=10)
    on = models.DateField(help_text="The local day.")
    location = models.ForeignKey(Location, null=True, blank=True, on_delete=models.CASCADE, help_text="Empty: all.")
    automatic = models.BooleanField(default=False, help_text="Made by the clock, not by a person.")
    made_at = models.DateTimeField()
    ran_at = models.DateTimeField(null=True, blank=True)
    ran_by = models.CharField(max_length=80, blank=True, help_text="staff:3, system")
    enrolled = models.PositiveIntegerField(default=0)
    held_out = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("-made_at", "-pk")
        constraints = [
            # The clock plans a location once a day, however many workers tick.
            models.UniqueConstraint(
                fields=["which", "on", "location"], condition=Q(automatic=True), name="one_automatic_plan_a_day"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.which} {self.on}"


class PlanLine(models.Model):
    """One member in a plan: to be enrolled (`why` empty), or skipped with a code of `cadence.WHY`."""

    plan = models.ForeignKey(CadencePlan, on_delete=models.CASCADE, related_name="lines")
    membership = models.ForeignKey(Membership, on_delete=models.CASCADE, related_name="+")
    sequence = models.ForeignKey(Sequence, on_delete=models.CASCADE, related_name="+")
    cause = models.CharField(max_length=80)
    why = models.CharField(max_length=20, blank=True)
    held_out = models.BooleanField(default=False)
    signals = models.JSONField(default=dict)

    class Meta:
        ordering = ("pk",)
        indexes = [models.Index(fields=["plan", "why"], name="plan_line_by_why")]

    def __str__(self) -> str:
        return f"{self.membership}: {self.why or self.cause}"
