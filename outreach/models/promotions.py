"""Offers to come back, each with an end that is true (R102)."""

from django.db import models
from django.utils.translation import gettext_noop as _

from members.models import Service, StaffUser


class Promotion(models.Model):
    """What a win-back text may add. No "last chance" without `ends_on`, and nothing that a third party pays for:
    that would need an authorization of each patient (R113)."""

    class Kind(models.TextChoices):
        BONUS_CREDIT = "bonus_credit", _("A bonus credit")
        UPGRADE = "upgrade", _("A service upgrade")

    kind = models.CharField(max_length=12, choices=Kind)
    service = models.ForeignKey(Service, null=True, blank=True, on_delete=models.PROTECT, help_text="What is given.")
    ends_on = models.DateField(help_text="The last day on which it is given.")
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(StaffUser, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-ends_on",)

    def __str__(self) -> str:
        return f"{self.get_kind_display()} until {self.ends_on}"
