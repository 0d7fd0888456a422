"""The audit trail: what was done, by whom, to whom. Append-only."""

from django.db import models

from members.models.append_only import AppendOnly
from members.models.people import Patient


class AuditEntry(AppendOnly):
    """Written by the verb, in its transaction. `data` holds ids, amounts and states: no bodies, no contact data."""

    at = models.DateTimeField()
    actor = models.CharField(max_length=80, help_text="staff:3, patient:12, stripe, system …")
    action = models.CharField(max_length=60, help_text="noun.verb, e.g. membership.past_due.")
    patient = models.ForeignKey(Patient, null=True, blank=True, on_delete=models.PROTECT, related_name="audit_entries")
    data = models.JSONField(default=dict)
    origin = models.CharField(max_length=45, blank=True, help_text="Network address of the caller; empty for tasks.")

    class Meta:
        ordering = ("-pk",)
        indexes = [
            models.Index(fields=["patient", "-at"], name="audit_by_patient"),
            models.Index(fields=["-at"], name="audit_by_time"),  # the audit page; who was affected since (R121)
        ]

    def __str__(self) -> str:
        return f"{self.action} by {self.actor}"


class AuditSeal(AppendOnly):
    """A link of the chain over the audit trail: the digest of the link before and of one entry (settled.md 18).

    A table of its own, so that an entry is never touched again after the verb wrote it. Entries are sealed in the order
    of their ids; one whose transaction ended late is sealed when it appears.
    """

    # 1, 2, 3 … without a gap: a link that was taken out shows, and two sealers at once end at this key.
    position = models.BigIntegerField(primary_key=True)
    entry = models.OneToOneField(AuditEntry, on_delete=models.PROTECT, related_name="seal")
    day = models.DateField(help_text="UTC day of the sealing.")
    digest = models.CharField(max_length=64, help_text="SHA-256, hexadecimal.")
    sealed_at = models.DateTimeField()

    class Meta:
        ordering = ("position",)
        indexes = [
            models.Index(fields=["day", "position"], name="audit_seal_by_day"),  # verify one day
            models.Index(fields=["sealed_at"], name="audit_seal_by_time"),  # where the sealer begins to look
        ]

    def __str__(self) -> str:
        return f"{self.position}: {self.digest[:12]}"


class AuditRound(models.Model):
    """How far the sealer and the nightly check are; one row."""

    looked_at = models.DateTimeField(null=True, blank=True, help_text="The last round that left nothing unsealed.")
    checked_to = models.BigIntegerField(default=0, help_text="Position to which the check under way found it whole.")
    checked_digest = models.CharField(max_length=64, blank=True)
    checked_on = models.DateField(null=True, blank=True, help_text="UTC day of the last check that came to its end.")

    def __str__(self) -> str:
        return f"checked on {self.checked_on}"
