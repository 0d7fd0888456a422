"""Sequences: what is said over days, and who is in one."""

from django.db import models
from django.db.models import Q

from members.models import Membership


class Sequence(models.Model):
    class Slug(models.TextChoices):
        PAYMENT_RECOVERY = "payment_recovery", "Payment recovery"
        UTILIZATION = "utilization", "Utilization nudge"

    slug = models.CharField(max_length=30, unique=True, choices=Slug)
    name = models.CharField(max_length=60)

    class Meta:
        ordering = ("slug",)

    def __str__(self) -> str:
        return self.name


class Step(models.Model):
    class Channel(models.TextChoices):
        SMS = "sms", "Text"
        STAFF = "staff", "A task for staff"

    sequence = models.ForeignKey(Sequence, on_delete=models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField()
    day = models.PositiveSmallIntegerField(help_text="Days after the enrolment.")
    channel = models.CharField(max_length=5, choices=Channel)
    kind = models.CharField(max_length=12, help_text="Message class; of a staff step, the reason of its case.")
    wording = models.TextField(help_text="Placeholders: see outreach/wording.py.")
    wording_es = models.TextField(blank=True)

    class Meta:
        ordering = ("sequence", "position")
        constraints = [models.UniqueConstraint(fields=["sequence", "position"], name="one_step_a_position")]

    def __str__(self) -> str:
        return f"{self.sequence}, day {self.day}"

    def wording_for(self, language: str) -> str:
        return self.wording_es if language == "es" and self.wording_es else self.wording


class Enrolment(models.Model):
    """running -> ended (paid, booked, opted out, finished …). `next_step`/`next_at` say what comes when."""

    class Status(models.TextChoices):
        RUNNING = "running", "Running"
        ENDED = "ended", "Ended"

    sequence = models.ForeignKey(Sequence, on_delete=models.PROTECT, related_name="enrolments")
    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="enrolments")
    # What it is about: "invoice:in_1", "unused:2026-11:30". Enrolling twice for one cause is a no-op.
    cause = models.CharField(max_length=80)
    status = models.CharField(max_length=8, choices=Status, default=Status.RUNNING)
    started_at = models.DateTimeField()
    next_step = models.PositiveSmallIntegerField(default=0, help_text="Position of the step that comes next.")
    next_at = models.DateTimeField(null=True, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_because = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ("-started_at", "-pk")
        constraints = [
            models.UniqueConstraint(fields=["sequence", "membership", "cause"], name="one_enrolment_a_cause"),
            models.CheckConstraint(
                condition=Q(status="running", next_at__isnull=False, ended_at__isnull=True)
                | Q(status="ended", next_at__isnull=True, ended_at__isnull=False),
                name="a_running_enrolment_has_a_next_step",
            ),
        ]
        indexes = [models.Index(fields=["next_at"], condition=Q(status="running"), name="enrolment_due")]

    def __str__(self) -> str:
        return f"{self.sequence} for {self.membership}"
