"""What Stripe told us, the invoices it told us about, and the facts that other floors act on."""

from typing import Self

from django.db import models
from django.utils.translation import gettext_noop as _

from common import money
from members.models.memberships import Membership
from members.models.staff import StaffUser


class StripeEvent(models.Model):
    """The webhook inbox: stored once, applied by a task.

    stored -> applied | ignored | unmatched | quarantined          stored -> failed -> (retried) applied
    failed, unmatched, quarantined -> stored, when somebody has it replayed
    """

    class State(models.TextChoices):
        STORED = "stored", _("Waiting")
        APPLIED = "applied", _("Applied")
        IGNORED = "ignored", _("Not a type we act on")
        UNMATCHED = "unmatched", _("No membership here")
        QUARANTINED = "quarantined", _("Other API version")
        FAILED = "failed", _("Failed")

    CAME_TO_NOTHING = (State.FAILED, State.QUARANTINED, State.UNMATCHED)

    # Stripe delivers at least once and in any order; the second delivery ends at this constraint.
    stripe_id = models.CharField(max_length=64, unique=True)
    type = models.CharField(max_length=80)
    api_version = models.CharField(max_length=40, blank=True)
    livemode = models.BooleanField()
    object_id = models.CharField(max_length=255, blank=True)  # ids of checkout sessions have 66 characters
    payload = models.JSONField(help_text="As received; ids and amounts, never card data.")
    state = models.CharField(max_length=12, choices=State, default=State.STORED)
    received_at = models.DateTimeField()
    applied_at = models.DateTimeField(null=True, blank=True)
    # Counted and leased before the work: a task that kills its worker cannot run for ever.
    attempts = models.PositiveSmallIntegerField(default=0)
    leased_until = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)

    class Meta:
        ordering = ("-received_at", "-pk")
        indexes = [
            models.Index(
                fields=["received_at"], condition=models.Q(state__in=["stored", "failed"]), name="stripe_event_waiting"
            ),  # the tick's net under the webhook's task
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.stripe_id}"


class InvoiceQuerySet(models.QuerySet["Invoice"]):
    def owed(self) -> Self:
        return self.filter(status=Invoice.Status.OPEN, amount_remaining_cents__gt=0)

    def at_stripe(self) -> Self:
        return self.filter(charged_by=Invoice.ChargedBy.STRIPE)


class Invoice(models.Model):
    """Mirror of a Stripe invoice, or of a payment that the scheduler charges. paid and void are final: a late answer
    never reopens one."""

    class ChargedBy(models.TextChoices):
        STRIPE = "stripe", _("Stripe")
        SCHEDULER = "scheduler", _("The scheduler")

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        OPEN = "open", _("Open")
        UNCOLLECTIBLE = "uncollectible", _("Uncollectible")
        PAID = "paid", _("Paid")
        VOID = "void", _("Void")

    FINAL = (Status.PAID, Status.VOID)

    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="invoices")
    # Where the scheduler charges: "ext_" and its own id, so that one word names every invoice.
    stripe_id = models.CharField(max_length=64, unique=True)
    charged_by = models.CharField(max_length=9, choices=ChargedBy, default=ChargedBy.STRIPE)
    pay_url = models.URLField(max_length=500, blank=True, help_text="The scheduler's page for putting the card right.")
    number = models.CharField(max_length=40, blank=True)
    status = models.CharField(max_length=14, choices=Status)
    amount_due_cents = models.IntegerField()
    amount_remaining_cents = models.IntegerField()
    currency = models.CharField(max_length=3)
    attempt_count = models.PositiveSmallIntegerField(default=0)
    decline_code = models.CharField(max_length=60, blank=True, help_text="Staff only; never shown to a patient (R140).")
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    issued_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True, blank=True)
    first_failed_at = models.DateTimeField(null=True, blank=True)
    refunded_cents = models.PositiveIntegerField(default=0)
    opens_period = models.BooleanField(default=True, help_text="False for a charge inside a period: it grants nothing.")

    objects = InvoiceQuerySet.as_manager()

    class Meta:
        ordering = ("-issued_at", "-pk")
        indexes = [models.Index(fields=["membership", "issued_at"], name="invoice_by_membership")]

    def __str__(self) -> str:
        return f"{self.number or self.stripe_id} {money.readable(self.amount_due_cents, self.currency)}"

    @property
    def amount(self) -> str:
        return money.readable(self.amount_due_cents, self.currency)

    @property
    def needs_payment(self) -> bool:
        return self.status == self.Status.OPEN and self.amount_remaining_cents > 0


class PaymentAttempt(models.Model):
    """Staff tried an open invoice again, with the card on file. Its key makes the charge's idempotency key (R145)."""

    class Outcome(models.TextChoices):
        PENDING = "pending", _("Under way")
        PAID = "paid", _("Paid")
        DECLINED = "declined", _("Declined")

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="tries")
    number = models.PositiveSmallIntegerField()
    card_last4 = models.CharField(max_length=4, blank=True)
    asked_by = models.ForeignKey(StaffUser, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    outcome = models.CharField(max_length=8, choices=Outcome, default=Outcome.PENDING)

    class Meta:
        ordering = ("invoice", "number")
        # Two who click at once make one attempt.
        constraints = [models.UniqueConstraint(fields=["invoice", "number"], name="one_try_a_number")]

    def __str__(self) -> str:
        return f"Try {self.number} of {self.invoice}"


class Dispute(models.Model):
    """Mirror of a Stripe dispute: open until the bank has decided, then final."""

    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="disputes")
    invoice = models.ForeignKey(Invoice, null=True, blank=True, on_delete=models.PROTECT, related_name="disputes")
    # One row a dispute, however often Stripe tells of it.
    stripe_id = models.CharField(max_length=64, unique=True)
    amount_cents = models.PositiveIntegerField()
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=60, help_text="Stripe's word; staff only.")
    status = models.CharField(max_length=40, help_text="Stripe's word.")
    opened_at = models.DateTimeField()
    answer_by = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-opened_at", "-pk")

    def __str__(self) -> str:
        return f"Dispute of {self.amount}"

    @property
    def amount(self) -> str:
        return money.readable(self.amount_cents, self.currency)


class BillingChange(models.Model):
    """A fact that floors above may act on; `handled_at` is empty until one of them has (docs/decisions/002)."""

    class Kind(models.TextChoices):
        PAYMENT_FAILED = "payment_failed", _("Payment failed")
        PAYMENT_SETTLED = "payment_settled", _("Payment settled")
        DISPUTE_OPENED = "dispute_opened", _("Dispute opened")
        DISPUTE_CLOSED = "dispute_closed", _("Dispute closed")
        REFUNDED = "refunded", _("Payment refunded")
        GRACE_ENDED = "grace_ended", _("Grace period ended")

    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="billing_changes")
    # Empty where the scheduler charges: then it is the attempt that tells one failure from the next.
    event = models.ForeignKey(StripeEvent, null=True, blank=True, on_delete=models.PROTECT)
    attempt = models.PositiveSmallIntegerField(default=0)
    # Empty where a dispute or refund is about a sale without an invoice here.
    invoice = models.ForeignKey(Invoice, null=True, blank=True, on_delete=models.PROTECT)
    kind = models.CharField(max_length=16, choices=Kind)
    occurred_at = models.DateTimeField()
    handled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("pk",)
        constraints = [
            # One event states one fact about a membership, however often its task runs.
            models.UniqueConstraint(fields=["membership", "event"], name="one_billing_change_an_event"),
            # The same for a payment of the scheduler, however often it is sent.
            models.UniqueConstraint(
                fields=["invoice", "kind", "attempt"],
                condition=models.Q(event__isnull=True),
                name="one_billing_change_an_attempt",
            ),
        ]
        indexes = [
            models.Index(fields=["id"], condition=models.Q(handled_at__isnull=True), name="billing_change_unhandled"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.invoice or self.membership}"
