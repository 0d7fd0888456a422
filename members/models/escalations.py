"""Cases that need a person."""

from datetime import datetime
from typing import Self

from django.db import models
from django.utils.translation import gettext_noop as _

from members.models.people import Patient
from members.models.practice import Location
from members.models.staff import StaffUser


class EscalationQuerySet(models.QuerySet["Escalation"]):
    def alarming(self) -> Self:
        """Emergencies that nobody at the desk has acknowledged, the oldest first."""
        grave = self.filter(severity=Escalation.Severity.EMERGENCY, acknowledged_at__isnull=True)
        return grave.exclude(state=Escalation.State.RESOLVED).order_by("opened_at", "pk")


class Escalation(models.Model):
    """open -> claimed -> resolved; open -> resolved. Keyed by patient or phone, and reason."""

    class Reason(models.TextChoices):
        EMERGENCY = "emergency", _("Possible emergency")
        QUESTION = "question", _("Question the concierge cannot answer")
        HUMAN = "human", _("Asked for a person")
        UNKNOWN_NUMBER = "unknown_number", _("Text from an unknown number")
        SHARED_PHONE = "shared_phone", _("Several patients share this number")
        UNANSWERED = "unanswered", _("Text not answered in time")
        PAYMENT = "payment", _("Payment needs a person")
        PAYMENT_CALL = "payment_call", _("Call about a payment")
        CANCELLATION = "cancellation", _("May want to cancel the membership")
        UNDELIVERED = "undelivered", _("Message may not have arrived")
        DISPUTE = "dispute", _("Payment dispute")
        CHECK_IN = "check_in", _("Card to ask for at check-in")
        BILLING_SYNC = "billing_sync", _("Billing update needs a look")
        INTEGRATION = "integration", _("Connection to another system")
        BOOKING = "booking", _("Appointment to key in")
        SCHEDULER_SYNC = "scheduler_sync", _("Schedule update needs a look")
        AUDIT = "audit", _("Audit trail does not hold")

    class Severity(models.IntegerChoices):
        EMERGENCY = 0, _("Emergency")
        HIGH = 1, _("High")
        NORMAL = 2, _("Normal")

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        CLAIMED = "claimed", _("Claimed")
        RESOLVED = "resolved", _("Resolved")

    class Result(models.TextChoices):
        ANSWERED = "answered", _("Answered")
        CALLED = "called", _("Spoke on the phone")
        NO_ANSWER = "no_answer", _("Could not be reached")
        BOOKED = "booked", _("Appointment booked or moved")
        PAID = "paid", _("Payment settled")
        CHANGED = "changed", _("Membership changed")
        CLINICAL = "clinical", _("Handed to a clinician")
        NOTHING = "nothing", _("Nothing to do")
        OTHER = "other", _("Something else")

    patient = models.ForeignKey(Patient, null=True, blank=True, on_delete=models.PROTECT, related_name="escalations")
    phone = models.CharField(max_length=16, blank=True)
    location = models.ForeignKey(Location, null=True, blank=True, on_delete=models.SET_NULL)
    reason = models.CharField(max_length=16, choices=Reason)
    severity = models.PositiveSmallIntegerField(choices=Severity, default=Severity.NORMAL)
    summary = models.TextField(help_text="What happened and what to do, for the person who takes it.")
    state = models.CharField(max_length=8, choices=State, default=State.OPEN)
    opened_at = models.DateTimeField()
    last_raised_at = models.DateTimeField(help_text="Raising an open case again moves this and re-arms its timer.")
    due_at = models.DateTimeField()
    claimed_by = models.ForeignKey(StaffUser, null=True, blank=True, on_delete=models.PROTECT, related_name="claimed")
    claimed_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.ForeignKey(StaffUser, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    resolved_at = models.DateTimeField(null=True, blank=True)
    result = models.CharField(max_length=10, choices=Result, blank=True, help_text="How it ended, for counting.")
    outcome = models.CharField(max_length=200, blank=True)
    # Of an emergency: somebody at the desk has seen it; the alarm on every page is quiet from then on.
    acknowledged_by = models.ForeignKey(StaffUser, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    # Empty: it rings since `opened_at`. Set when something new came after it was acknowledged, or when it became one.
    alarm_restarted_at = models.DateTimeField(null=True, blank=True)
    # "patient:12" or "phone:+15125550123" or "event:evt_1".
    subject = models.CharField(max_length=80)

    objects = EscalationQuerySet.as_manager()

    class Meta:
        ordering = ("severity", "due_at", "pk")
        constraints = [
            # Repeated trouble is one case: `escalations.open` returns the one that is there.
            models.UniqueConstraint(
                fields=["subject", "reason"],
                condition=~models.Q(state="resolved"),
                name="one_unresolved_case_a_subject_and_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["severity", "due_at"], condition=~models.Q(state="resolved"), name="escalation_queue"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.get_reason_display()}"

    @property
    def alarm_began_at(self) -> datetime:
        """Of an emergency: the moment from which the people on call are paged."""
        return self.alarm_restarted_at or self.opened_at
