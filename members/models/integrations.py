"""Other systems that talk to us: their keys, what they already asked, and where we tell them news."""

import uuid

from django.db import models
from django.utils.translation import gettext_noop as _

from members.models.staff import StaffUser


class ApiKey(models.Model):
    """Lets one system in. The key is shown once and kept only as a hash."""

    class Scope(models.TextChoices):
        READ = "read", _("Read balances, memberships, visits and escalations")
        PATIENTS = "patients", _("Write patients")
        SERVICES = "services", _("Write services")
        MEMBERSHIPS = "memberships", _("Write memberships")
        VISITS = "visits", _("Write visits")
        CREDITS = "credits", _("Write credits")
        PAYMENTS = "payments", _("Write payments")
        UNDERSTAND = "understand", _("Have texts read")

    name = models.CharField(max_length=60, help_text="Which system uses it, e.g. “Front desk scheduler”.")
    # The part of the key that finds its row; what follows it is the secret.
    prefix = models.CharField(max_length=12, unique=True)
    secret_hash = models.CharField(max_length=64, help_text="SHA-256 of 256 random bits: nothing to guess from.")
    scopes = models.JSONField(default=list)
    requests_a_minute = models.PositiveIntegerField(default=120)
    created_by = models.ForeignKey(StaffUser, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-pk",)

    def __str__(self) -> str:
        return self.name

    @property
    def scope_labels(self) -> list[str]:
        return [str(self.Scope(scope).label) for scope in self.scopes]


class ApiReplay(models.Model):
    """The first answer to an Idempotency-Key, given again to every repeat. Without a status it is being made."""

    api_key = models.ForeignKey(ApiKey, on_delete=models.CASCADE, related_name="replays")
    key = models.CharField(max_length=200)
    fingerprint = models.CharField(
        max_length=64, help_text="Of method, path and body: the same key with others is 422."
    )
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    body = models.TextField(blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            # Of two requests with one key exactly one does the work.
            models.UniqueConstraint(fields=["api_key", "key"], name="one_answer_an_idempotency_key"),
        ]
        indexes = [models.Index(fields=["created_at"], name="api_replay_by_age")]  # swept after a day

    def __str__(self) -> str:
        return self.key


class WebhookEndpoint(models.Model):
    """Where another system wants to hear news. Its secret is derived from `uuid` and `secret_version`, never stored."""

    class Event(models.TextChoices):
        ESCALATION_OPENED = "escalation.opened", _("A case for a person was opened")
        BOOKING_REQUESTED = "booking.requested", _("A patient asked for an appointment")
        MEMBERSHIP_CHANGED = "membership.changed", _("A membership changed")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    url = models.URLField(max_length=300)
    events = models.JSONField(default=list, help_text="Which events it hears.")
    secret_version = models.PositiveIntegerField(default=1)
    # For a day after a rotation both secrets sign, so the receiver may change over in its own time.
    rotated_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(StaffUser, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    disabled_at = models.DateTimeField(null=True, blank=True)
    disabled_reason = models.CharField(max_length=200, blank=True)
    failures_in_a_row = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return self.url


class WebhookEvent(models.Model):
    """One piece of news, written by the verb in its transaction; the tick hands it to the endpoints."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    type = models.CharField(max_length=24, choices=WebhookEndpoint.Event)
    data = models.JSONField(help_text="Ids and states; no names, numbers or texts.")
    occurred_at = models.DateTimeField()
    handed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["id"], condition=models.Q(handed_at__isnull=True), name="webhook_event_waiting"),
        ]

    def __str__(self) -> str:
        return self.type


class WebhookDelivery(models.Model):
    """waiting -> delivered; waiting -> (again, with growing pauses) -> given up."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        DELIVERED = "delivered", _("Delivered")
        GIVEN_UP = "given_up", _("Given up")

    endpoint = models.ForeignKey(WebhookEndpoint, on_delete=models.CASCADE, related_name="deliveries")
    event = models.ForeignKey(WebhookEvent, on_delete=models.CASCADE, related_name="deliveries")
    state = models.CharField(max_length=9, choices=State, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(help_text="Also the lease: moved ahead before each try.")
    finished_at = models.DateTimeField(null=True, blank=True)
    status_code = models.PositiveSmallIntegerField(null=True, blank=True)
    error = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ("-pk",)
        constraints = [
            models.UniqueConstraint(fields=["endpoint", "event"], name="an_event_once_an_endpoint"),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=models.Q(state="waiting"), name="webhook_delivery_due"),
        ]

    def __str__(self) -> str:
        return f"{self.event} to {self.endpoint}"
