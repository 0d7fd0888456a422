"""What the practice sells: services, plans and the benefits a plan grants."""

from django.db import models

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
    name = models.CharField(max_length=60, unique=True)
    tier = models.PositiveSmallIntegerField(help_text="Higher is more.")
    price_cents = models.PositiveIntegerField()
    currency = models.CharField(max_length=3, default="usd")
    stripe_price_id = models.CharField(max_length=64, blank=True, help_text="Empty: the plan cannot be sold yet.")
    terms = models.TextField(blank=True)

    class Meta:
        ordering = ("tier",)

    def __str__(self) -> str:
        return self.name

    @property
    def price(self) -> str:
        return money.readable(self.price_cents, self.currency)


class Benefit(models.Model):
    """A service credit that a plan grants each paid period."""

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="benefits")
    service = models.ForeignKey(Service, on_delete=models.PROTECT)
    quantity = models.PositiveSmallIntegerField(default=1)
    valid_months = models.PositiveSmallIntegerField(default=2, help_text="Months until an unused credit expires.")
    # Proactive texts may not name a treatment unless the practice says it is harmless on a lock screen (R107).
    safe_in_text = models.BooleanField(default=False)
    neutral_label = models.CharField(max_length=40, default="membership credit")

    class Meta:
        ordering = ("plan", "pk")
        constraints = [models.UniqueConstraint(fields=["plan", "service"], name="a_service_once_a_plan")]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.service}"
