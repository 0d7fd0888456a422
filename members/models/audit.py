"""The audit trail: what was done, by whom, to whom. Append-only."""

from typing import Any

from django.db import models

from members.models.people import Patient


class AuditEntry(models.Model):
    """Written by the verb, in its transaction. `data` holds ids, amounts and states: no bodies, no contact data."""

    at = models.DateTimeField()
    actor = models.CharField(max_length=80, help_text="staff:3, patient:12, stripe, system …")
    action = models.CharField(max_length=60, help_text="noun.verb, e.g. membership.past_due.")
    patient = models.ForeignKey(Patient, null=True, blank=True, on_delete=models.PROTECT, related_name="audit_entries")
    data = models.JSONField(default=dict)

    class Meta:
        ordering = ("-pk",)
        indexes = [models.Index(fields=["patient", "-at"], name="audit_by_patient")]

    def __str__(self) -> str:
        return f"{self.action} by {self.actor}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("The audit trail is append-only.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("The audit trail is append-only (R116).")
