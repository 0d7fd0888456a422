"""Every message in or out, and why it was or was not sent."""

import uuid
from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_noop as _

from members.models import Location, Patient, PatientLink, StaffUser
from outreach.models.sequences import Enrolment


class MessageQuerySet(models.QuerySet["Message"]):
    def due(self, now: datetime) -> Self:
        return self.filter(status=Message.Status.QUEUED, due_at__lte=now).order_by("due_at", "pk")

    def not_given(self) -> Self:
        """Made, and not yet at the carrier, whether or not a worker has them in hand."""
        claimed = Q(status=Message.Status.SENDING, given_at__isnull=True)
        return self.filter(Q(status=Message.Status.QUEUED) | claimed)

    def conversation(self, phone: str) -> Self:
        return self.filter(address=phone).order_by("created_at", "pk")

    def with_facts(self) -> Self:
        """With the rows that the gate and the sender read."""
        return self.select_related(
            "patient__home_location", "location", "link", "offer", "enrolment__sequence", "enrolment__membership"
        )

    def unanswered(self) -> Self:
        """Inbound texts that nobody has begun to read."""
        return self.filter(direction=Message.Direction.IN, wants_answer=True)


class Message(models.Model):
    """One text, in or out.

    Out:  queued -> sending -> sent -> delivered | undelivered
          queued -> held (the gate said no)      queued -> dropped (no longer true)
          sending -> failed (refused)            sending -> unknown (crash, timeout) -> sent | queued | failed
    In:   received
    """

    class Direction(models.TextChoices):
        IN = "in", _("From the patient")
        OUT = "out", _("To the patient")

    class Channel(models.TextChoices):
        SMS = "sms", _("Text")
        EMAIL = "email", _("E-mail")
        VOICE = "voice", _("Automated call")

    class Kind(models.TextChoices):
        """The message class that consent, hours and caps look at (compliance.md, classes T, M, C, O, E)."""

        INBOUND = "inbound", _("Inbound")
        SERVICING = "servicing", _("Servicing")
        MARKETING = "marketing", _("Marketing")
        REPLY = "reply", _("Automated reply")
        CONFIRMATION = "confirmation", _("Confirmation of the patient's own act")
        NOTICE = "notice", _("Notice that the law asks for")
        OPT_OUT = "opt_out", _("Opt-out confirmation")
        EMERGENCY = "emergency", _("Emergency reply")
        STAFF = "staff", _("Written by staff")
        ALERT = "alert", _("Page to staff")

    class Status(models.TextChoices):
        RECEIVED = "received", _("Received")
        QUEUED = "queued", _("Queued")
        SENDING = "sending", _("Sending")
        SENT = "sent", _("Sent")
        DELIVERED = "delivered", _("Delivered")
        UNDELIVERED = "undelivered", _("Not delivered")
        FAILED = "failed", _("Failed")
        HELD = "held", _("Held")
        DROPPED = "dropped", _("Dropped")
        UNKNOWN = "unknown", _("Outcome unknown")

    WENT_OUT = (Status.SENT, Status.DELIVERED, Status.UNDELIVERED)
    DID_NOT_ARRIVE = (Status.UNDELIVERED, Status.FAILED, Status.UNKNOWN)

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False, help_text="In the status callback's URL.")
    direction = models.CharField(max_length=3, choices=Direction)
    channel = models.CharField(max_length=5, choices=Channel, default=Channel.SMS)
    kind = models.CharField(max_length=12, choices=Kind)
    status = models.CharField(max_length=11, choices=Status)
    patient = models.ForeignKey(Patient, null=True, blank=True, on_delete=models.PROTECT, related_name="messages")
    location = models.ForeignKey(Location, null=True, blank=True, on_delete=models.PROTECT)
    address = models.CharField(max_length=254, help_text="The patient's side: E.164, or an e-mail address.")
    # Out: may hold the placeholder {link}, which becomes the URL only in the provider call, so that no token is stored.
    body = models.TextField()
    link = models.ForeignKey(PatientLink, null=True, blank=True, on_delete=models.PROTECT)
    # One cause, one message: "enrolment:7:step:0", "answer:31".
    dedupe_key = models.CharField(max_length=120, unique=True, null=True, blank=True)
    enrolment = models.ForeignKey(Enrolment, null=True, blank=True, on_delete=models.PROTECT, related_name="messages")
    in_reply_to = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="replies")
    author = models.ForeignKey(StaffUser, null=True, blank=True, on_delete=models.PROTECT)

    created_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True)
    claimed_at = models.DateTimeField(null=True, blank=True)
    # Committed right before the carrier is called: a claim without it was surely not sent.
    given_at = models.DateTimeField(null=True, blank=True)
    segments = models.PositiveSmallIntegerField(default=0, help_text="Of a text that went to the carrier (R74).")
    attempts = models.PositiveSmallIntegerField(default=0, help_text="Counted before the provider call.")
    sent_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    # Inbound: Twilio retries a webhook with the same sid; the second delivery ends at this constraint (R69).
    provider_sid = models.CharField(max_length=64, unique=True, null=True, blank=True)
    provider_status = models.CharField(max_length=20, blank=True)
    error_code = models.CharField(max_length=20, blank=True)
    reason = models.CharField(max_length=200, blank=True, help_text="Why it was held, dropped or failed, in words.")

    # Inbound only.
    wants_answer = models.BooleanField(default=False, help_text="The concierge must answer (not settled by a keyword).")
    duplicate_of = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    media_count = models.PositiveSmallIntegerField(default=0, help_text="Pictures that came with it; not kept (R127).")

    objects = MessageQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-pk")
        indexes = [
            models.Index(fields=["due_at", "id"], condition=Q(status="queued"), name="message_due"),  # outbox
            models.Index(fields=["claimed_at"], condition=Q(status="sending"), name="message_sending"),  # reaper
            models.Index(fields=["address", "created_at"], name="message_by_address"),  # thread, caps, duplicates
            models.Index(fields=["patient", "created_at"], name="message_by_patient"),  # timeline
            models.Index(fields=["created_at"], condition=Q(wants_answer=True), name="message_wants_answer"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(direction="in", status="received", kind="inbound")
                | (Q(direction="out", due_at__isnull=False) & ~Q(kind="inbound") & ~Q(status="received")),
                name="direction_matches_kind_and_status",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_direction_display()} #{self.pk} ({self.get_status_display()})"


class GateDecision(models.Model):
    """One answer of the gate with what it looked at, so that a send or a hold can be defended later (R4)."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="decisions")
    at = models.DateTimeField()
    allowed = models.BooleanField()
    code = models.CharField(max_length=40, blank=True)
    words = models.CharField(max_length=200, blank=True)
    retry_at = models.DateTimeField(null=True, blank=True)
    inputs = models.JSONField(default=dict)
    table_version = models.CharField(max_length=40)

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return "allowed" if self.allowed else self.words
