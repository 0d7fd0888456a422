"""A patient's membership: the mirror of one Stripe subscription."""

from datetime import datetime, time
from typing import Any, Self

from django.db import models
from django.db.models import Case, IntegerField, Q, When
from django.utils.translation import gettext_noop as _

from common import clock
from members.models.people import Patient
from members.models.plans import Plan, PlanVersion
from members.models.practice import Location


class MembershipQuerySet(models.QuerySet["Membership"]):
    def current(self) -> Self:
        """Memberships whose benefits a patient may still speak of."""
        return self.filter(status__in=Membership.CURRENT)

    def of_customer(self, customer_id: str) -> "Membership | None":
        """The membership of a Stripe customer: the current one, else the last. None for "" and strangers."""
        if not customer_id:
            return None
        current = Case(When(status__in=Membership.CURRENT, then=0), default=1, output_field=IntegerField())
        return self.filter(stripe_customer_id=customer_id).order_by(current, "-started_on", "-pk").first()

    def past_due(self) -> Self:
        return self.filter(status=Membership.Status.PAST_DUE)

    def with_unused_credits(self) -> Self:
        return self.filter(credits_remaining__gt=0)

    def without_appointment(self, *, after: datetime, until: datetime) -> Self:
        """Nothing booked between the two. The column goes stale by the clock, so an old value counts as none."""
        return self.filter(
            Q(next_appointment_at__isnull=True) | Q(next_appointment_at__lte=after) | Q(next_appointment_at__gt=until)
        )


class Membership(models.Model):
    """One Stripe subscription, mirrored. Its life is drawn in `members/joining/__init__.py`, whose verbs move it."""

    class Status(models.TextChoices):
        PENDING = "pending", _("Pending")
        ACTIVE = "active", _("Active")
        PAST_DUE = "past_due", _("Past due")
        PAUSED = "paused", _("Paused")
        CANCELLING = "cancelling", _("Cancelling")
        CANCELLED = "cancelled", _("Cancelled")
        LAPSED = "lapsed", _("Lapsed")

    CURRENT = (Status.ACTIVE, Status.PAST_DUE, Status.PAUSED, Status.CANCELLING)
    ENDED = (Status.CANCELLED, Status.LAPSED)

    external_id = models.CharField(max_length=64, null=True, blank=True, unique=True, help_text="Id in the scheduler.")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="memberships")
    payer = models.ForeignKey(
        Patient,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="pays_for",
        help_text="Who pays, where that is somebody else: a parent, a partner. Empty: the patient.",
    )
    # The rules it was sold with. `plan` is that version's plan, kept for filters; `save` holds them together.
    plan_version = models.ForeignKey(PlanVersion, on_delete=models.PROTECT, related_name="memberships")
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="memberships", editable=False)
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="memberships")
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    started_on = models.DateField()
    current_period_start = models.DateTimeField(null=True, blank=True)
    current_period_end = models.DateTimeField(null=True, blank=True)
    past_due_since = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    # What is agreed on but has not come true yet.
    paused_from = models.DateTimeField(null=True, blank=True, help_text="The first payment that the pause skips.")
    paused_until = models.DateTimeField(null=True, blank=True, help_text="The next payment; empty: until resumed.")
    at_reduced_price = models.BooleanField(
        default=False, help_text="The pause skips no payment: each is the plan's reduced price."
    )
    ends_at = models.DateTimeField(null=True, blank=True, help_text="When a cancellation comes true.")
    next_plan_version = models.ForeignKey(
        PlanVersion,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="From the next period on.",
    )
    restarted_from = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="restarts", help_text="It had ended."
    )

    stripe_customer_id = models.CharField(max_length=64, blank=True, db_index=True)
    # One membership a subscription: two rows would both be charged, chased and thanked.
    stripe_subscription_id = models.CharField(max_length=64, null=True, blank=True, unique=True)
    # When the fetch began whose answer was last applied; an older answer is stale and is not applied.
    stripe_fetched_at = models.DateTimeField(null=True, blank=True)
    # When the comparison began that last found it in Stripe's list.
    reconciled_at = models.DateTimeField(null=True, blank=True)
    card_brand = models.CharField(max_length=20, blank=True)
    card_last4 = models.CharField(max_length=4, blank=True)
    card_exp_month = models.PositiveSmallIntegerField(null=True, blank=True)
    card_exp_year = models.PositiveSmallIntegerField(null=True, blank=True)

    # Written by the verbs, never indexed (keeps updates HOT), compared nightly with the rows they sum up.
    credits_remaining = models.IntegerField(default=0)
    visits_completed = models.PositiveIntegerField(default=0)
    first_visit_at = models.DateTimeField(null=True, blank=True)
    last_visit_at = models.DateTimeField(null=True, blank=True)
    next_appointment_at = models.DateTimeField(null=True, blank=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        ordering = ("pk",)
        indexes = [
            models.Index(fields=["location", "status"], name="membership_by_location"),  # cadence, member list
        ]
        constraints = [
            # A patient has at most one membership that can be charged.
            models.UniqueConstraint(
                fields=["patient"],
                condition=Q(status__in=["pending", "active", "past_due", "paused", "cancelling"]),
                name="one_current_membership_a_patient",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.patient}: {self.plan}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.plan_id != self.plan_version.plan_id:
            self.plan = self.plan_version.plan
            if kwargs.get("update_fields") is not None:
                kwargs["update_fields"] = {*kwargs["update_fields"], "plan"}
        super().save(*args, **kwargs)

    @property
    def billing_contact(self) -> Patient:
        """Who is asked for money: the payer where there is one, else the patient."""
        return self.payer or self.patient

    def year_begins(self, when: datetime) -> datetime:
        """The last anniversary of joining, as midnight on the location's clock."""
        here, joined = clock.local(when, self.location.time_zone), self.started_on
        years = here.year - joined.year - ((here.month, here.day) < (joined.month, joined.day))
        began = datetime.combine(joined, time(), tzinfo=here.tzinfo)
        return clock.months_later(began, 12 * max(0, years))


class Interest(models.Model):
    """A question about something that only a higher plan gives. No patient's words, only our name of the benefit."""

    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="interests")
    what = models.CharField(max_length=80, help_text="As the plan names it: Glow Peel.")
    # One question, one row, however often its answer is worked on.
    key = models.CharField(max_length=120, unique=True)
    noted_at = models.DateTimeField()

    class Meta:
        ordering = ("pk",)
        indexes = [models.Index(fields=["membership", "noted_at"], name="interest_by_membership")]  # daily round

    def __str__(self) -> str:
        return f"{self.membership}: {self.what}"
