"""What the practice sells: services, and plans as numbered versions of their rules."""

from datetime import datetime
from typing import Any, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_noop as _

from common import money


class Service(models.Model):
    external_id = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=80)
    category = models.CharField(max_length=40)
    nicknames = models.JSONField(default=list, blank=True, help_text='How patients call it: ["facial", "hydra"].')
    duration_minutes = models.PositiveSmallIntegerField()
    price_cents = models.PositiveIntegerField()
    currency = models.CharField(max_length=3, default="usd")
    add_on = models.BooleanField(default=False)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class Plan(models.Model):
    """A name and a rank. What it costs and grants stands on its versions."""

    name = models.CharField(max_length=60, unique=True)
    tier = models.PositiveSmallIntegerField(help_text="Higher is more.")

    class Meta:
        ordering = ("tier", "name")

    def __str__(self) -> str:
        return self.name

    def version_at(self, when: datetime) -> "PlanVersion":
        """The version that is sold at that moment. Raises PlanVersion.DoesNotExist before the first one begins."""
        return self.versions.in_force(when).order_by("-number")[:1].get()


class PlanVersionQuerySet(models.QuerySet["PlanVersion"]):
    def in_force(self, when: datetime) -> Self:
        """Versions that had begun by then; the highest number of a plan is the one on sale."""
        return self.filter(effective_from__lte=when)


class PlanVersion(models.Model):
    """Price and rules of a plan, as sold. A version that somebody holds never changes: a change is a new version."""

    class Interval(models.TextChoices):
        MONTH = "month", _("Monthly")
        YEAR = "year", _("Yearly")

    class Freeze(models.TextChoices):
        WITH_BENEFITS = "with_benefits", _("No payment, benefits go on")
        WITHOUT_BENEFITS = "without_benefits", _("No payment, benefits rest")
        REDUCED_PRICE = "reduced_price", _("Reduced price, benefits go on")

    class AfterGrace(models.TextChoices):
        PAUSE = "pause", _("Pause")
        CANCEL = "cancel", _("Cancel")

    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveSmallIntegerField()
    price_cents = models.PositiveIntegerField()
    currency = models.CharField(max_length=3, default="usd")
    interval = models.CharField(max_length=5, choices=Interval, default=Interval.MONTH)
    stripe_price_id = models.CharField(max_length=64, blank=True, help_text="Empty: it cannot be sold yet.")
    stripe_freeze_price_id = models.CharField(
        max_length=64, blank=True, help_text="Of the reduced price; empty: nobody can freeze at it yet."
    )
    terms = models.TextField(blank=True, help_text="As the patient agrees to them.")
    effective_from = models.DateTimeField(help_text="Sold to new members from this moment on.")

    minimum_term_months = models.PositiveSmallIntegerField(default=0, help_text="0: may end at any time.")
    early_end_fee_cents = models.PositiveIntegerField(default=0, help_text="For leaving before the minimum term ends.")
    notice_days = models.PositiveSmallIntegerField(default=0, help_text="Between asking to cancel and the end.")

    freeze_with_benefits = models.BooleanField(default=False, help_text=Freeze.WITH_BENEFITS.label)
    freeze_without_benefits = models.BooleanField(default=True, help_text=Freeze.WITHOUT_BENEFITS.label)
    freeze_price_cents = models.PositiveIntegerField(
        null=True, blank=True, help_text="Price a period while frozen; empty: no freeze at a reduced price."
    )
    freeze_months_per_year = models.PositiveSmallIntegerField(default=3, help_text="0: no freezing.")
    freeze_fee_cents = models.PositiveIntegerField(default=0, help_text="Charged once for each freeze.")
    freeze_extends_term = models.BooleanField(default=True, help_text="Frozen months do not count as minimum term.")

    credits_kept_on_downgrade = models.BooleanField(default=True)
    usable_after_cancel_days = models.PositiveSmallIntegerField(
        default=0, help_text="Days that unused credits may be used after the end; 0: they end with it."
    )
    usable_while_paused = models.BooleanField(default=False)
    usable_while_past_due = models.BooleanField(default=True)
    # The guide's recovery lasts seven days; with seven more a member has two weeks (settled.md, 14).
    grace_days = models.PositiveSmallIntegerField(default=14, help_text="From the first failed payment.")
    after_grace = models.CharField(max_length=6, choices=AfterGrace, default=AfterGrace.PAUSE)

    STRIPE_PRICES = frozenset({"stripe_price_id", "stripe_freeze_price_id"})  # made after the version

    objects = PlanVersionQuerySet.as_manager()

    class Meta:
        ordering = ("plan", "-number")
        constraints = [
            # A number names one set of rules for good, also when two managers save at once.
            models.UniqueConstraint(fields=["plan", "number"], name="a_version_number_once_a_plan"),
            models.CheckConstraint(
                condition=Q(minimum_term_months__gt=0) | Q(early_end_fee_cents=0), name="early_end_fee_needs_a_term"
            ),
            models.CheckConstraint(
                condition=Q(freeze_price_cents__isnull=True) | Q(freeze_price_cents__lt=models.F("price_cents")),
                name="freeze_price_is_reduced",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plan}, version {self.number}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Raises TypeError for a sold version, but for the Stripe prices that it had to wait for."""
        if not self._state.adding and self.is_sold():
            changed = set(kwargs.get("update_fields") or ())
            waits = PlanVersion.objects.filter(pk=self.pk, **dict.fromkeys(changed & self.STRIPE_PRICES, "")).exists()
            if not changed or changed - self.STRIPE_PRICES or not waits:
                raise TypeError("A sold version never changes: make a new version of the plan.")
        super().save(*args, **kwargs)

    @property
    def price(self) -> str:
        return money.readable(self.price_cents, self.currency)

    @property
    def freezes_offered(self) -> list["PlanVersion.Freeze"]:
        """The ways to freeze that this version offers; none where no month may be frozen."""
        if not self.freeze_months_per_year:
            return []
        offered = {
            self.Freeze.WITH_BENEFITS: self.freeze_with_benefits,
            self.Freeze.WITHOUT_BENEFITS: self.freeze_without_benefits,
            self.Freeze.REDUCED_PRICE: self.freeze_price_cents is not None,
        }
        return [freeze for freeze, is_offered in offered.items() if is_offered]

    def is_sold(self) -> bool:
        return self.pk is not None and self.memberships.exists()


class PriceChange(models.Model):
    """announced -> withdrawn, or come true. Who holds an earlier version pays this one's price from a day on (R96)."""

    version = models.ForeignKey(PlanVersion, on_delete=models.PROTECT, related_name="price_changes")
    effective_on = models.DateField(help_text="The first payment from this day on is the new price.")
    announced_at = models.DateTimeField()
    announced_by = models.CharField(max_length=80, help_text="staff:3")
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("effective_on", "pk")
        constraints = [
            # Two days for one change would tell members two things.
            models.UniqueConstraint(
                fields=["version"], condition=Q(withdrawn_at__isnull=True), name="one_open_change_a_version"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version} from {self.effective_on}"
