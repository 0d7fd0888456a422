"""What stops us: kill switches, and addresses that must not or cannot be used."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_noop as _

from members.models import Location, StaffUser
from outreach.models.sequences import Sequence


class KillSwitch(models.Model):
    """thrown -> lifted. While it is thrown, nothing in its scope goes out; what is due waits (R171)."""

    class Scope(models.TextChoices):
        ALL = "all", _("Everything")
        AUTOMATION = "automation", _("Everything but what staff write")
        LOCATION = "location", _("One location")
        SEQUENCE = "sequence", _("One sequence")

    scope = models.CharField(max_length=10, choices=Scope)
    location = models.ForeignKey(Location, null=True, blank=True, on_delete=models.CASCADE)
    sequence = models.ForeignKey(Sequence, null=True, blank=True, on_delete=models.CASCADE)
    reason = models.CharField(max_length=200)
    thrown_by = models.ForeignKey(StaffUser, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    thrown_at = models.DateTimeField()
    lifted_by = models.ForeignKey(StaffUser, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    lifted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-thrown_at",)
        constraints = [
            # Throwing one that is thrown changes nothing. One constraint a kind of target: NULLs are never equal.
            models.UniqueConstraint(
                fields=["scope"],
                condition=Q(lifted_at__isnull=True, scope__in=["all", "automation"]),
                name="one_thrown_switch_for_all",
            ),
            models.UniqueConstraint(
                fields=["location"], condition=Q(lifted_at__isnull=True), name="one_thrown_switch_a_location"
            ),
            models.UniqueConstraint(
                fields=["sequence"], condition=Q(lifted_at__isnull=True), name="one_thrown_switch_a_sequence"
            ),
            models.CheckConstraint(
                condition=Q(scope__in=["all", "automation"], location__isnull=True, sequence__isnull=True)
                | Q(scope="location", location__isnull=False, sequence__isnull=True)
                | Q(scope="sequence", location__isnull=True, sequence__isnull=False),
                name="a_switch_names_its_target",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_scope_display()}: {self.location or self.sequence or 'the practice'}"


class Suppression(models.Model):
    """An address that must not be used on a channel, for another reason than an opt-out (those are consent)."""

    class Why(models.TextChoices):
        LANDLINE = "landline", _("A landline, or gets no texts")
        INVALID = "invalid", _("No working address")
        UNREACHABLE = "unreachable", _("Could not be reached three times in a week")
        COMPLAINT = "complaint", _("A complaint")
        STAFF = "staff", _("Set by staff")

    address = models.CharField(max_length=254, help_text="E.164 or e-mail.")
    channel = models.CharField(max_length=5, help_text="As in Message.Channel.")
    why = models.CharField(max_length=11, choices=Why)
    code = models.CharField(max_length=20, blank=True, help_text="The carrier's error code.")
    added_by = models.ForeignKey(StaffUser, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField()
    lifted_by = models.ForeignKey(StaffUser, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    lifted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-added_at",)
        constraints = [
            models.UniqueConstraint(
                fields=["address", "channel"], condition=Q(lifted_at__isnull=True), name="one_suppression_an_address"
            ),
        ]

    def __str__(self) -> str:
        return self.get_why_display()


class SenderBudget(models.Model):
    """How much one sender may still give to the carrier: a bucket by segments (R75) and a daily limit (R58)."""

    sender = models.CharField(max_length=40, unique=True)
    # All that was given is through the carrier's queue by then, at the sender's rate.
    busy_until = models.DateTimeField()
    day = models.DateField()
    segments_today = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return self.sender
