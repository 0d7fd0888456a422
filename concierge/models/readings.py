"""A text that another system wants read, and what the worker's engine made of it."""

from django.db import models


class Reading(models.Model):
    """asked -> read. Web processes do not load the engine (settled.md 4), so a worker fills the row.

    The text may be a patient's, so the row goes as soon as it is answered, or after a few minutes.
    """

    text = models.TextField()
    asked_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)
    answer = models.JSONField(default=dict)

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"Reading #{self.pk}"
