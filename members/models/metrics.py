"""Monthly figures, kept: pages read these rows and never count over members (settled.md 19)."""

from django.db import models

from members.models.plans import Plan
from members.models.practice import Location


class MetricSnapshot(models.Model):
    """One figure of one month, location and plan. Sums over locations and plans are sums of both columns."""

    month = models.DateField(help_text="Its first day, on the practice's clock.")
    location = models.ForeignKey(Location, on_delete=models.CASCADE, related_name="+")
    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=24)
    numerator = models.BigIntegerField()
    denominator = models.BigIntegerField(help_text="0 for an amount of money, which is no ratio.")
    computed_at = models.DateTimeField()

    class Meta:
        ordering = ("month", "name")
        constraints = [
            # Computed anew, a figure replaces itself: a month is never counted twice.
            models.UniqueConstraint(fields=["month", "location", "plan", "name"], name="a_figure_once_a_month"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.month:%Y-%m}: {self.numerator}/{self.denominator}"
