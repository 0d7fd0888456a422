"""The diary: who treats whom and when; the mirror of the practice's scheduler, or the scheduler itself."""

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_noop as _

from members.models.people import Patient
from members.models.plans import Service
from members.models.practice import Location


class Provider(models.Model):
    name = models.CharField(max_length=80)
    location = models.ForeignKey(Location, on_delete=models.CASCADE, related_name="providers")
    services = models.ManyToManyField(Service, related_name="providers")

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class Shift(models.Model):
    """When a provider works each week, on the location's clock. One without any shift works whenever it is open."""

    provider = models.ForeignKey(Provider, on_delete=models.CASCADE, related_name="shifts")
    weekday = models.PositiveSmallIntegerField(help_text="0 = Monday.")
    starts = models.TimeField()
    ends = models.TimeField()

    class Meta:
        ordering = ("weekday", "starts")
        constraints = [
            models.CheckConstraint(condition=Q(ends__gt=F("starts")), name="shift_ends_after_it_starts"),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.weekday}: {self.starts:%H:%M}–{self.ends:%H:%M}"


class TimeOff(models.Model):
    """A holiday, a training, a lunch: the provider takes no one between the two moments."""

    provider = models.ForeignKey(Provider, on_delete=models.CASCADE, related_name="time_off")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    class Meta:
        ordering = ("starts_at",)
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="time_off_ends_after_it_starts"),
        ]

    def __str__(self) -> str:
        return f"{self.provider} off from {self.starts_at:%Y-%m-%d %H:%M}"


class Visit(models.Model):
    """requested -> booked -> completed | no_show | cancelled; an outcome set by mistake goes back to booked.

    `requested`: the practice's scheduler takes no bookings from us, so the desk keys it in and then confirms it.
    """

    class Status(models.TextChoices):
        REQUESTED = "requested", _("Requested")
        BOOKED = "booked", _("Booked")
        COMPLETED = "completed", _("Completed")
        CANCELLED = "cancelled", _("Cancelled")
        NO_SHOW = "no_show", _("No-show")

    HOLDS_TIME = (Status.REQUESTED, Status.BOOKED)

    # Empty: booked through us. Set: the practice's scheduler keeps it and we mirror it.
    external_id = models.CharField(max_length=64, null=True, blank=True, unique=True)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="visits")
    service = models.ForeignKey(Service, on_delete=models.PROTECT)
    location = models.ForeignKey(Location, on_delete=models.PROTECT)
    provider = models.ForeignKey(Provider, null=True, blank=True, on_delete=models.SET_NULL)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    status = models.CharField(max_length=10, choices=Status, default=Status.BOOKED)
    booked_at = models.DateTimeField(null=True, blank=True)
    # A requested visit that stands in for another one: that one is cancelled once the desk confirms this.
    replaces = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    confirmed_at = models.DateTimeField(null=True, blank=True, help_text="When the desk had keyed in a request.")
    confirmation_told_at = models.DateTimeField(null=True, blank=True, help_text="Claimed by the text that says so.")

    class Meta:
        ordering = ("-starts_at",)
        indexes = [
            models.Index(fields=["patient", "starts_at"], name="visit_by_patient"),  # timeline, last and next visit
            models.Index(fields=["location", "starts_at"], name="visit_by_location"),  # openings, today's check-ins
        ]
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="visit_ends_after_start"),
            # Two patients cannot be booked with one provider at the same moment. Only what we book: a mirrored
            # scheduler may well double-book, and its truth is not ours to refuse. On PostgreSQL the migration
            # adds exclusion constraints against overlaps, of providers and of patients.
            models.UniqueConstraint(
                fields=["provider", "starts_at"],
                condition=Q(status__in=["requested", "booked"], external_id__isnull=True),
                name="one_visit_a_slot",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.patient}: {self.service} {self.starts_at:%Y-%m-%d %H:%M}"


class SlotHoldQuerySet(models.QuerySet["SlotHold"]):
    def live(self, now: datetime) -> Self:
        return self.filter(released_at__isnull=True, expires_at__gt=now)


class SlotHold(models.Model):
    """A time kept for a patient who is deciding. It ends by itself; booking anything ends it too."""

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="slot_holds")
    service = models.ForeignKey(Service, on_delete=models.CASCADE)
    location = models.ForeignKey(Location, on_delete=models.CASCADE)
    provider = models.ForeignKey(Provider, on_delete=models.CASCADE)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    released_at = models.DateTimeField(null=True, blank=True)

    objects = SlotHoldQuerySet.as_manager()

    class Meta:
        ordering = ("starts_at",)
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="slot_hold_ends_after_start"),
            # One moment of a provider is kept for one patient (overlaps: exclusion constraints on PostgreSQL).
            models.UniqueConstraint(
                fields=["provider", "starts_at"], condition=Q(released_at__isnull=True), name="one_hold_a_slot"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.patient} until {self.expires_at:%H:%M}"


class MissedVisit(models.Model):
    """A signal: the patient did not come, or cancelled too late for the time to be given to another.

    `nudged_at` is claimed by whoever sends the one rebook nudge, on the same day.
    """

    class Kind(models.TextChoices):
        NO_SHOW = "no_show", _("No-show")
        LATE_CANCELLATION = "late_cancel", _("Late cancellation")

    # A visit is missed once, however often its state is set and taken back.
    visit = models.OneToOneField(Visit, on_delete=models.CASCADE, related_name="missed")
    kind = models.CharField(max_length=12, choices=Kind)
    occurred_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True, help_text="The state was set by mistake.")
    nudged_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-occurred_at",)
        indexes = [
            models.Index(
                fields=["occurred_at"],
                condition=Q(nudged_at__isnull=True, withdrawn_at__isnull=True),
                name="missed_to_nudge",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.visit}"


class SchedulerCursor(models.Model):
    """How far the mirror has read the practice's scheduler. One row."""

    # One reader's place: two rows would read everything twice.
    name = models.CharField(max_length=20, unique=True, default="visits")
    cursor = models.CharField(max_length=200, blank=True)
    synced_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.name} at {self.cursor or 'the beginning'}"
