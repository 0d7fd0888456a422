"""The mirror of the practice's scheduler: providers and appointments."""

from django.db import models

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


class Visit(models.Model):
    class Status(models.TextChoices):
        BOOKED = "booked", "Booked"
        COMPLETED = "completed", "Completed"
        CANCELLED = "cancelled", "Cancelled"
        NO_SHOW = "no_show", "No-show"

    external_id = models.CharField(max_length=64, null=True, blank=True, unique=True)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="visits")
    service = models.ForeignKey(Service, on_delete=models.PROTECT)
    location = models.ForeignKey(Location, on_delete=models.PROTECT)
    provider = models.ForeignKey(Provider, null=True, blank=True, on_delete=models.SET_NULL)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    status = models.CharField(max_length=10, choices=Status, default=Status.BOOKED)
    booked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-starts_at",)
        indexes = [
            models.Index(fields=["patient", "starts_at"], name="visit_by_patient"),  # timeline, last and next visit
            models.Index(fields=["location", "starts_at"], name="visit_by_location"),  # openings, today's check-ins
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")), name="visit_ends_after_start"
            ),
            # Two patients cannot be booked with one provider at the same moment (overlaps: PostgreSQL, issue 3).
            models.UniqueConstraint(
                fields=["provider", "starts_at"], condition=models.Q(status="booked"), name="one_visit_a_slot"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.patient}: {self.service} {self.starts_at:%Y-%m-%d %H:%M}"
