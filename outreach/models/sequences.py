"""Sequences: what is said over days, in which version, and who is in one."""

from django.db import models
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_noop as _

from members.models import Membership, StaffUser


class Sequence(models.Model):
    """One conversation we begin. Its wording lives in versions; the newest approved one is live."""

    class Slug(models.TextChoices):
        PAYMENT_RECOVERY = "payment_recovery", _("Payment recovery")
        EXPIRING_CARD = "expiring_card", _("Expiring card")
        UTILIZATION = "utilization", _("Utilization nudge")
        UTILIZATION_60 = "utilization_60", _("60 days without a visit")
        COME_BACK = "come_back", _("90 days without a visit")
        RHYTHM = "rhythm", _("Later than usual")
        MISSED_VISIT = "missed_visit", _("Missed visit")
        UPGRADE = "upgrade", _("Upgrade")
        WIN_BACK = "win_back", _("Win-back")
        REMIND_LATER = "remind_later", _("Reminder after 60 days")
        PAUSE_ENDING = "pause_ending", _("Before a pause ends")
        PAUSE_FORGOTTEN = "pause_forgotten", _("Paused and not restarted")
        RENEWAL = "renewal", _("Renewal notice")
        YEARLY = "yearly", _("Yearly reminder")
        PRICE_CHANGE = "price_change", _("Price change notice")

    slug = models.CharField(max_length=30, unique=True, choices=Slug)
    name = models.CharField(max_length=60)
    # Who would have been enrolled and is not, to see what the sequence is worth. Never for recovery and notices.
    holdout_percent = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ("slug",)

    def __str__(self) -> str:
        return self.name

    @property
    def live(self) -> "SequenceVersion | None":
        """The newest version that somebody has approved; None before `playbooks.install`."""
        return self.versions.filter(approved_at__isnull=False).order_by("-number").first()

    @property
    def steps(self) -> "QuerySet[Step]":
        """The steps of the live version."""
        return Step.objects.filter(version=self.live)


class SequenceVersion(models.Model):
    """Wording and steps at one time. Running enrolments keep the version in which they began.

    draft (approved_at empty) -> live, until a later one is approved.
    """

    sequence = models.ForeignKey(Sequence, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveSmallIntegerField()
    stops = models.JSONField(default=list, help_text="What ends it early: codes of outreach/late_facts.py.")
    note = models.CharField(max_length=200, blank=True, help_text="What changed, in the words of who changed it.")
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(StaffUser, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    # No marketing wording is sent before somebody responsible has read it (R169); the shipped one is read by us.
    approved_at = models.DateTimeField(null=True, blank=True)
    approved_by = models.ForeignKey(StaffUser, null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("sequence", "-number")
        constraints = [models.UniqueConstraint(fields=["sequence", "number"], name="one_version_a_number")]

    def __str__(self) -> str:
        return f"{self.sequence}, version {self.number}"


class Step(models.Model):
    class Channel(models.TextChoices):
        SMS = "sms", _("Text")
        EMAIL = "email", _("E-mail")
        VOICE = "voice", _("Automated call")
        STAFF = "staff", _("A task for staff")

    version = models.ForeignKey(SequenceVersion, on_delete=models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField()
    day = models.PositiveSmallIntegerField(help_text="Days after the enrolment; 0 is the first open window.")
    hour = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="On the patient's clock, 0-23; empty: the hour of the enrolment."
    )
    channel = models.CharField(max_length=5, choices=Channel)
    kind = models.CharField(
        max_length=12, help_text="Message class; of a staff or voice step, the reason of the case for staff."
    )
    wording = models.TextField(help_text="Placeholders: see outreach/wording.py.")
    wording_es = models.TextField(blank=True)
    choices = models.JSONField(default=list, blank=True, help_text="Replies it offers: codes of outreach/offers.py.")

    class Meta:
        ordering = ("version", "position")
        constraints = [models.UniqueConstraint(fields=["version", "position"], name="one_step_a_position")]

    def __str__(self) -> str:
        return f"{self.version}, day {self.day}"

    @property
    def sequence(self) -> Sequence:
        return self.version.sequence

    def wording_for(self, language: str) -> str:
        return self.wording_es if language == "es" and self.wording_es else self.wording


class Enrolment(models.Model):
    """running -> ended (paid, booked, opted out, finished …). `next_step`/`next_at` say what comes when.

    held_out: would have been enrolled, is not, and is compared with those who were; it ends as it begins.
    """

    class Status(models.TextChoices):
        RUNNING = "running", _("Running")
        ENDED = "ended", _("Ended")

    sequence = models.ForeignKey(Sequence, on_delete=models.PROTECT, related_name="enrolments")
    version = models.ForeignKey(
        SequenceVersion, null=True, blank=True, on_delete=models.PROTECT, help_text="Empty: the live one."
    )
    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="enrolments")
    # What it is about: "invoice:in_1", "unused:2026-11:30". Enrolling twice for one cause is a no-op.
    cause = models.CharField(max_length=80)
    status = models.CharField(max_length=8, choices=Status, default=Status.RUNNING)
    signals = models.JSONField(default=dict, blank=True, help_text="What was seen when it began, for staff.")
    held_out = models.BooleanField(default=False)
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
        indexes = [
            models.Index(fields=["next_at"], condition=Q(status="running"), name="enrolment_due"),
            models.Index(fields=["membership", "started_at"], name="enrolment_by_membership"),  # gate, cadence
        ]

    def __str__(self) -> str:
        return f"{self.sequence} for {self.membership}"

    @property
    def steps(self) -> "QuerySet[Step]":
        """The steps of its own version, the first in front."""
        return Step.objects.filter(version=self.version_id or self.sequence.live).select_related("version__sequence")
