"""The language model of another company that may read texts, if the practice has a contract for it."""

from django.db import models
from django.utils.translation import gettext_noop as _


class OutsideReader(models.Model):
    """Off unless switched on; the newest row that is on counts. The API key is no row: it is in the environment."""

    class Provider(models.TextChoices):
        OPENAI = "openai", _("OpenAI, or a server that speaks its API")
        ANTHROPIC = "anthropic", _("Anthropic")

    provider = models.CharField(max_length=10, choices=Provider)
    model = models.CharField(max_length=80, help_text="The provider's name of the model.")
    base_url = models.URLField(blank=True, help_text="Empty: the provider's own address.")
    baa_signed_on = models.DateField(null=True, blank=True, help_text="Day of the business associate agreement.")
    baa_reference = models.CharField(max_length=120, blank=True, help_text="Where the signed agreement is kept.")
    is_on = models.BooleanField(default=False)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            # Texts of patients go to nobody without an agreement, whatever a door forgets.
            models.CheckConstraint(
                condition=models.Q(is_on=False) | (models.Q(baa_signed_on__isnull=False) & ~models.Q(baa_reference="")),
                name="on_only_with_an_agreement",
            ),
            # Texts go to one company at a time.
            models.UniqueConstraint(fields=["is_on"], condition=models.Q(is_on=True), name="one_outside_reader_on"),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.model} ({'on' if self.is_on else 'off'})"
