"""The credit ledger: append-only lots and what was taken from them."""

from typing import Any

from django.db import models

from members.models.memberships import Membership
from members.models.plans import Service
from members.models.visits import Visit


class CreditEntry(models.Model):
    """A grant opens a lot; every other entry names the lot it changes. Balance = sum of quantity over live lots."""

    class Kind(models.TextChoices):
        GRANT = "grant", "Granted"
        SPEND = "spend", "Used"
        EXPIRE = "expire", "Expired"
        REVERSE = "reverse", "Given back"

    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="credit_entries")
    service = models.ForeignKey(Service, on_delete=models.PROTECT)
    kind = models.CharField(max_length=8, choices=Kind)
    quantity = models.IntegerField(help_text="Signed: a grant or reversal adds, a spend or expiry takes.")
    lot = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="uses", help_text="Empty on a grant."
    )
    # Replays of the same cause (an invoice paid twice delivered, a visit synced again) are no-ops by this key.
    key = models.CharField(max_length=120, unique=True)
    expires_at = models.DateTimeField(null=True, blank=True, help_text="On a grant: when the lot ends.")
    occurred_at = models.DateTimeField()
    invoice_id = models.CharField(max_length=64, blank=True)
    visit = models.ForeignKey(Visit, null=True, blank=True, on_delete=models.PROTECT)
    actor = models.CharField(max_length=80)
    reason = models.CharField(max_length=120)

    class Meta:
        ordering = ("occurred_at", "pk")
        indexes = [models.Index(fields=["membership", "occurred_at"], include=["quantity"], name="credit_statement")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind="grant", lot__isnull=True, quantity__gt=0)
                | models.Q(kind="reverse", lot__isnull=False, quantity__gt=0)
                | models.Q(kind__in=["spend", "expire"], lot__isnull=False, quantity__lt=0),
                name="credit_entry_sign_matches_kind",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.quantity:+d} {self.service}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("The ledger is append-only: write a reversing entry.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("The ledger is append-only: write a reversing entry.")
