"""Holds: what stops automation for one person."""

from django.db import models
from django.utils.translation import gettext_noop as _

from members.models.people import Patient
from members.models.staff import StaffUser


class Hold(models.Model):
    """Automation is silent for this number while a hold is open.

    person: staff have the conversation (R166); clinical: until a clinician clears it (R164); dispute: until closed.
    """

    class Kind(models.TextChoices):
        PERSON = "person", _("A person is answering")
        CLINICAL = "clinical", _("Clinical")
        DISPUTE = "dispute", _("Payment dispute")

    kind = models.CharField(max_length=8, choices=Kind)
    phone = models.CharField(max_length=16, help_text="E.164.")
    patient = models.ForeignKey(Patient, null=True, blank=True, on_delete=models.CASCADE, related_name="holds")
    placed_by = models.ForeignKey(StaffUser, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    placed_at = models.DateTimeField()
    released_at = models.DateTimeField(null=True, blank=True)
    released_by = models.ForeignKey(StaffUser, null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["phone", "kind"], condition=models.Q(released_at__isnull=True), name="one_open_hold_of_a_kind"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} hold"
