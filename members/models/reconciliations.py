"""The nightly comparison of our rows with Stripe, and what it found."""

from django.db import models
from django.utils.translation import gettext_noop as _

from members.models.memberships import Membership


class Reconciliation(models.Model):
    """One comparison, done in chunks: events -> subscriptions -> absent -> invoices -> unpaid -> done.

    `cursor` is where the next chunk of the stage begins: Stripe's id of the last object seen, or our row's key.
    """

    class Stage(models.TextChoices):
        EVENTS = "events", _("Events that were missed")
        SUBSCRIPTIONS = "subscriptions", _("Subscriptions at Stripe")
        ABSENT = "absent", _("Memberships that Stripe does not name")
        INVOICES = "invoices", _("Open invoices at Stripe")
        UNPAID = "unpaid", _("Invoices that are open here")
        DONE = "done", _("Done")

    repair = models.BooleanField(help_text="Whether what differs is brought to what Stripe has.")
    asked_by = models.CharField(max_length=60, help_text='"system" for the nightly one, "staff:3".')
    since = models.DateTimeField(help_text="Events from here on are looked for.")
    stage = models.CharField(max_length=13, choices=Stage, default=Stage.EVENTS)
    cursor = models.CharField(max_length=80, blank=True)
    checked = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    # One at a time, since two would ask Stripe everything twice: true while it runs, empty afterwards.
    runs = models.BooleanField(null=True, default=True, unique=True)
    leased_until = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=300, blank=True, help_text="Why the last chunk did not come to its end.")

    class Meta:
        ordering = ("-started_at", "-pk")

    def __str__(self) -> str:
        return f"Reconciliation of {self.started_at:%Y-%m-%d %H:%M}"


class Drift(models.Model):
    """One difference between Stripe and us."""

    class Kind(models.TextChoices):
        MISSED_EVENT = "missed_event", _("Event that never arrived")
        STUCK_EVENT = "stuck_event", _("Event that was not applied")
        SUBSCRIPTION = "subscription", _("Membership")
        STRANGER = "stranger", _("Subscription of nobody here")
        ABSENT = "absent", _("Membership that Stripe does not know")
        INVOICE = "invoice", _("Invoice")

    run = models.ForeignKey(Reconciliation, on_delete=models.CASCADE, related_name="drifts")
    kind = models.CharField(max_length=12, choices=Kind)
    object_id = models.CharField(max_length=255)
    membership = models.ForeignKey(Membership, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    ours = models.CharField(max_length=300, blank=True)
    theirs = models.CharField(max_length=300, blank=True)
    cause = models.CharField(max_length=300)
    repaired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("pk",)
        constraints = [
            # A chunk that a worker did over finds the same differences again.
            models.UniqueConstraint(fields=["run", "kind", "object_id"], name="one_drift_an_object"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.object_id}"
