"""The credit ledger: append-only lots and what was taken from them."""

from collections.abc import Iterable
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_noop as _

from common import money
from members.models.append_only import AppendOnly, AppendOnlyQuerySet
from members.models.benefits import Benefit
from members.models.memberships import Membership
from members.models.people import Patient
from members.models.plans import Service
from members.models.visits import Visit


class CreditEntryQuerySet(AppendOnlyQuerySet["CreditEntry"]):
    def bulk_create(self, objs: Iterable["CreditEntry"], *args: Any, **kwargs: Any) -> list["CreditEntry"]:
        made = super().bulk_create(objs, *args, **kwargs)
        HeldLot.follow(made)
        return made


class CreditEntry(AppendOnly):
    """A grant, a bonus and a credit handed over open a lot; every other entry names the lot it changes.

    Entries of a lot are numbered and each carries what is `left` after it. A mistake is set right by a further entry.
    """

    class Kind(models.TextChoices):
        GRANT = "grant", _("Granted")
        BONUS = "bonus", _("Bonus")
        SPEND = "spend", _("Used")
        EXPIRE = "expire", _("Expired")
        TRANSFER = "transfer", _("Handed over")
        REVERSE = "reverse", _("Given back")

    class Unit(models.TextChoices):
        CREDIT = "credit", _("Credits")
        CENTS = "cents", _("Money")

    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="credit_entries")
    # On a lot: the line of the plan that granted it, and the service it is for where that is one. On a use: what was
    # done. Without a service a lot is for any of the benefit's services, or it is money.
    benefit = models.ForeignKey(Benefit, null=True, blank=True, on_delete=models.PROTECT, related_name="entries")
    service = models.ForeignKey(Service, null=True, blank=True, on_delete=models.PROTECT)
    unit = models.CharField(max_length=6, choices=Unit, default=Unit.CREDIT)
    kind = models.CharField(max_length=8, choices=Kind)
    quantity = models.IntegerField(help_text="Signed: a grant or reversal adds, a spend or expiry takes.")
    lot = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="uses", help_text="Empty on a new lot."
    )
    number = models.PositiveIntegerField(default=0, help_text="Of the entry in its lot; 0 opens it.")
    left = models.IntegerField(help_text="In the lot after this entry.")
    # Replays of the same cause (an invoice paid twice delivered, a visit synced again) are no-ops by this key.
    key = models.CharField(max_length=120, unique=True)
    expires_at = models.DateTimeField(null=True, blank=True, help_text="On a grant: when the lot ends.")
    occurred_at = models.DateTimeField()
    invoice_id = models.CharField(max_length=64, blank=True)
    visit = models.ForeignKey(Visit, null=True, blank=True, on_delete=models.PROTECT, related_name="credit_entries")
    used_by = models.ForeignKey(
        Patient, null=True, blank=True, on_delete=models.PROTECT, related_name="+", help_text="Where not the member."
    )
    as_guest = models.BooleanField(default=False, help_text="Used on a guest pass.")
    actor = models.CharField(max_length=80)
    reason = models.CharField(max_length=120)

    objects = CreditEntryQuerySet.as_manager()  # type: ignore[misc]  # as on its base, with one method more

    class Meta:
        ordering = ("occurred_at", "pk")
        indexes = [
            models.Index(fields=["membership", "occurred_at"], include=["quantity"], name="credit_statement"),
            models.Index(
                fields=["expires_at", "membership"], condition=Q(lot__isnull=True), name="credit_lot_ends"
            ),  # member list: who loses credits soon
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["grant", "bonus", "transfer"], lot__isnull=True, number=0, quantity__gt=0)
                | Q(kind="reverse", lot__isnull=False, number__gt=0, quantity__gt=0)
                | Q(kind__in=["spend", "expire", "transfer"], lot__isnull=False, number__gt=0, quantity__lt=0),
                name="credit_entry_sign_matches_kind",
            ),
            # Two workers that both count on what is left write the same number: only one of them can.
            models.UniqueConstraint(fields=["lot", "number"], name="one_entry_a_step_of_a_lot"),
            models.CheckConstraint(condition=Q(left__gte=0), name="a_lot_never_below_zero"),
            models.CheckConstraint(
                condition=Q(unit="cents") | Q(service__isnull=False) | Q(benefit__isnull=False),
                name="a_credit_says_what_for",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.amount} {self.service or self.benefit or ''}".rstrip()

    def save(self, *args: Any, **kwargs: Any) -> None:
        super().save(*args, **kwargs)
        HeldLot.follow([self])

    @property
    def amount(self) -> str:
        """Signed, as people read it: "+1", "−$25.00"."""
        return ("+" if self.quantity > 0 else "−") + self.readable(abs(self.quantity), self.unit)

    @property
    def left_readable(self) -> str:
        return self.readable(self.left, self.unit)

    @classmethod
    def readable(cls, quantity: int, unit: str) -> str:
        """ "2", "$40.00"."""
        return money.readable(quantity) if unit == cls.Unit.CENTS else str(quantity)


class HeldLot(models.Model):
    """A lot with something left. Kept beside the ledger, whose rows never change, so that the hourly expiry looks at
    what is held now and not at every lot there ever was."""

    lot = models.OneToOneField(CreditEntry, primary_key=True, on_delete=models.PROTECT, related_name="held")

    def __str__(self) -> str:
        return str(self.lot)

    @classmethod
    def follow(cls, entries: Iterable[CreditEntry]) -> None:
        """After entries are written, in their transaction; of several in one lot the last one counts."""
        last: dict[int, CreditEntry] = {}
        for entry in sorted(entries, key=lambda each: each.number):
            last[entry.lot_id or entry.pk] = entry
        empty = [lot for lot, entry in last.items() if not entry.left]
        if empty:
            HeldLot.objects.filter(pk__in=empty).delete()
        held = [HeldLot(pk=lot) for lot, entry in last.items() if entry.left]
        HeldLot.objects.bulk_create(held, batch_size=500, ignore_conflicts=True)
