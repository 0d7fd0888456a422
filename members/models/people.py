"""Patients and the numbers that reach them."""

from datetime import date, datetime

from django.db import models

from common import clock
from members.models.practice import Location


class Patient(models.Model):
    class Language(models.TextChoices):
        ENGLISH = "en", "English"
        SPANISH = "es", "Spanish"

    external_id = models.CharField(max_length=64, null=True, blank=True, unique=True, help_text="Id in the scheduler.")
    first_name = models.CharField(max_length=60)
    last_name = models.CharField(max_length=60)
    email = models.EmailField(blank=True)
    birth_date = models.DateField(null=True, blank=True)
    language = models.CharField(max_length=2, choices=Language, default=Language.ENGLISH)
    state = models.CharField(max_length=2, blank=True, help_text="US state of the address.")
    zip_code = models.CharField(max_length=10, blank=True)
    time_zone = models.CharField(max_length=40, blank=True, help_text="IANA name; empty: the home location's.")
    home_location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="patients")
    joined_on = models.DateField()

    class Meta:
        ordering = ("last_name", "first_name", "pk")
        indexes = [models.Index(fields=["last_name", "first_name"], name="patient_by_name")]  # member list, search

    def __str__(self) -> str:
        return self.full_name

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def zone(self) -> str:
        return self.time_zone or self.home_location.time_zone

    @property
    def phone(self) -> str:
        """The primary number, E.164; '' when there is none."""
        return next((phone.number for phone in self.phones.all() if phone.is_primary), "")

    def is_minor(self, now: datetime) -> bool:
        """Minors are never messaged (R170). An unknown birth date is not taken for a minor."""
        if self.birth_date is None:
            return False
        today = clock.local_date(now, self.zone)
        return _age(self.birth_date, today) < 18


def _age(born: date, today: date) -> int:
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


class PatientPhone(models.Model):
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="phones")
    number = models.CharField(max_length=16, db_index=True, help_text="E.164. Several patients may share one.")
    is_primary = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["patient", "number"], name="a_number_once_a_patient"),
            models.UniqueConstraint(
                fields=["patient"], condition=models.Q(is_primary=True), name="one_primary_number_a_patient"
            ),
        ]

    def __str__(self) -> str:
        return self.number
