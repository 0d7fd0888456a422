"""The only table of the top floor."""

from django.db import models


class Heartbeat(models.Model):
    """When a recurring job last ran to its end; `/readyz` calls it stale after TICK_STALE_SECONDS."""

    name = models.CharField(max_length=40, primary_key=True)
    beat_at = models.DateTimeField()
    seconds = models.FloatField(help_text="How long the last round took.")
    error = models.CharField(max_length=300, blank=True, help_text="Steps that failed in the last round.")

    def __str__(self) -> str:
        return self.name
