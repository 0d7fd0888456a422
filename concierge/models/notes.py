"""What staff write down for each other about a patient, or about a number that nobody is known by."""

from typing import Self

from django.db import models

from members.models import Patient, StaffUser
from members.models.append_only import AppendOnly, AppendOnlyQuerySet


class StaffNoteQuerySet(AppendOnlyQuerySet["StaffNote"]):
    def about(self, *, patient: Patient | None, phone: str) -> Self:
        """Of the patient, rows merged into it among them; for a number without a patient, of the number."""
        rows = self.select_related("author")
        if patient is None:
            return rows.filter(patient__isnull=True, phone=phone)
        return rows.filter(patient__in=Patient.objects.with_merged(patient))


class StaffNote(AppendOnly):
    """Never sent to anyone. A correction is a row of its own, so what was written first stays readable."""

    patient = models.ForeignKey(Patient, null=True, blank=True, on_delete=models.PROTECT, related_name="notes")
    phone = models.CharField(max_length=16, blank=True, help_text="E.164; only where no patient is known.")
    author = models.ForeignKey(StaffUser, on_delete=models.PROTECT, related_name="+")
    body = models.TextField(max_length=4_000)
    written_at = models.DateTimeField()
    # A note is corrected once, and the correction may be corrected: a line, never a tree.
    corrects = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="corrected_by"
    )

    objects = StaffNoteQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        ordering = ("-written_at", "-pk")
        indexes = [models.Index(fields=["phone"], condition=models.Q(patient__isnull=True), name="note_by_number")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(patient__isnull=False) | ~models.Q(phone=""), name="a_note_is_about_someone"
            ),
        ]

    def __str__(self) -> str:
        return f"note {self.pk}"
