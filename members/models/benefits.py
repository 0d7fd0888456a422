"""What a version of a plan grants: credits, a wallet, member prices; and the rules of each."""

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_noop as _

from common import money
from members.models.plans import PlanVersion, Service


class Benefit(models.Model):
    """One line of what members get. Like its version it never changes once sold.

    Credits are for any of `services`: with several it is one of these. An empty rule leaves it to the version's.
    """

    class Kind(models.TextChoices):
        CREDIT = "credit", _("Service credits")
        WALLET = "wallet", _("Money to spend")
        PERCENT = "percent", _("Member price")

    version = models.ForeignKey(PlanVersion, on_delete=models.CASCADE, related_name="benefits")
    # The same benefit in the next version has the same code, so that what rolls over is counted together.
    code = models.SlugField(max_length=40)
    kind = models.CharField(max_length=7, choices=Kind, default=Kind.CREDIT)
    services = models.ManyToManyField(Service, blank=True, related_name="benefits", help_text="Credits: any of these.")
    category = models.CharField(max_length=40, blank=True, help_text="Member price: of this category of services.")
    quantity = models.PositiveIntegerField(default=1, help_text="A period: credits, or cents of a wallet.")
    percent = models.PositiveSmallIntegerField(default=0, help_text="Member price: percent off.")

    valid_months = models.PositiveSmallIntegerField(
        null=True, blank=True, default=2, help_text="Months until what is unused expires; empty: at the period's end."
    )
    rollover_cap = models.PositiveIntegerField(
        null=True, blank=True, help_text="The most that is carried into a new period; empty: no limit but expiry."
    )
    usable_after_cancel_days = models.PositiveSmallIntegerField(null=True, blank=True)
    usable_while_paused = models.BooleanField(null=True, blank=True)
    usable_while_past_due = models.BooleanField(null=True, blank=True)
    shareable = models.BooleanField(default=False, help_text="With household members named on the membership.")
    guest_passes_per_year = models.PositiveSmallIntegerField(default=0)

    # Proactive texts may not name a treatment unless the practice says it is harmless on a lock screen (R107).
    safe_in_text = models.BooleanField(default=False)
    neutral_label = models.CharField(max_length=40, default="membership credit")

    class Meta:
        ordering = ("version", "pk")
        constraints = [
            models.UniqueConstraint(fields=["version", "code"], name="a_benefit_code_once_a_version"),
            # A member price takes percent of a category; everything else grants an amount.
            models.CheckConstraint(
                condition=Q(kind="percent", percent__gte=1, percent__lte=100) & ~Q(category="")
                | Q(kind__in=["credit", "wallet"], quantity__gte=1, percent=0, category=""),
                name="benefit_amount_matches_kind",
            ),
        ]

    def __str__(self) -> str:
        if self.kind == self.Kind.PERCENT:
            return f"{self.percent}% off {self.category}"
        if self.kind == self.Kind.WALLET:
            return f"{money.readable(self.quantity, self.version.currency)} to spend"
        return f"{self.quantity} × {self.service_names}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.version.is_sold():
            raise TypeError("A sold version never changes: make a new version of the plan.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        if self.version.is_sold():
            raise TypeError("A sold version never changes: make a new version of the plan.")
        return super().delete(*args, **kwargs)

    @property
    def only_service(self) -> Service | None:
        """The service that its credits are for, where it is one."""
        services = list(self.services.all())
        return services[0] if len(services) == 1 else None

    @property
    def service_names(self) -> str:
        """ "Facial", "Facial or Peel"."""
        names = [service.name for service in self.services.all()]
        return " or ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)
