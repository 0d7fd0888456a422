"""Patients and the numbers that reach them."""

from datetime import date, datetime
from typing import Self

from django.db import models
from django.utils.translation import gettext_noop as _

from common import clock, phones, zips
from members.models.practice import Location


class Household(models.Model):
    """People who live together and may share what a plan lets members share. A patient belongs to at most one."""

    name = models.CharField(max_length=80, help_text="As staff call it: Foster family.")
    formed_at = models.DateTimeField()

    class Meta:
        ordering = ("name", "pk")

    def __str__(self) -> str:
        return self.name


class PatientQuerySet(models.QuerySet["Patient"]):
    def here(self) -> Self:
        """Without the rows that were merged into another."""
        return self.filter(merged_into__isnull=True)

    def matching(self, words: str) -> Self:
        """By digits of a phone number, or by the beginnings of names in any order."""
        digits = "".join(letter for letter in words if letter.isdigit())
        if len(digits) >= 3 and not any(letter.isalpha() for letter in words):
            numbers = PatientPhone.objects.filter(patient=models.OuterRef("pk"), number__contains=digits)
            return self.filter(models.Exists(numbers))
        rows = self
        for word in words.split():
            rows = rows.filter(models.Q(last_name__istartswith=word) | models.Q(first_name__istartswith=word))
        return rows

    def with_merged(self, patient: "Patient") -> Self:
        """The patient and the rows merged into it: what is append-only still points at those."""
        return self.filter(models.Q(pk=patient.pk) | models.Q(merged_into=patient.pk))


class Patient(models.Model):
    class Language(models.TextChoices):
        ENGLISH = "en", _("English")
        SPANISH = "es", _("Spanish")

    """Someone who visits, belongs or pays. A row that was merged into another stays, because what is append-only
    (consent, audit) points at it; `merged_into` says who the person is now.
    """

    external_id = models.CharField(max_length=64, null=True, blank=True, unique=True, help_text="Id in the scheduler.")
    first_name = models.CharField(max_length=60)
    last_name = models.CharField(max_length=60)
    email = models.EmailField(blank=True, help_text="The one that is written to; others are PatientEmail rows.")
    birth_date = models.DateField(null=True, blank=True)
    language = models.CharField(max_length=2, choices=Language, default=Language.ENGLISH)
    state = models.CharField(max_length=2, blank=True, help_text="US state of the address.")
    zip_code = models.CharField(max_length=10, blank=True)
    time_zone = models.CharField(max_length=40, blank=True, help_text="IANA name; empty: told from ZIP code or number.")
    home_location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="patients")
    joined_on = models.DateField()
    wants_renewal_notice = models.BooleanField(default=False, help_text="Some days before each payment.")
    household = models.ForeignKey(Household, null=True, blank=True, on_delete=models.SET_NULL, related_name="people")
    merged_into = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="merged")

    objects = PatientQuerySet.as_manager()

    class Meta:
        ordering = ("last_name", "first_name", "pk")
        indexes = [models.Index(fields=["last_name", "first_name"], name="patient_by_name")]  # member list, search
        constraints = [
            models.CheckConstraint(
                condition=models.Q(merged_into__isnull=True) | ~models.Q(merged_into=models.F("pk")),
                name="nobody_is_merged_into_oneself",
            ),
        ]

    def __str__(self) -> str:
        return self.full_name

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def zone(self) -> str:
        """Where the patient's clock is: as staff set it, by ZIP code, by the number's area code, at the clinic."""
        return self.time_zone or zips.zone(self.zip_code) or self._zone_of_number() or self.home_location.time_zone

    def _zone_of_number(self) -> str:
        """Only where no ZIP code tells; an area code that lies in two zones tells nothing."""
        found = phones.zones(self.phone) if not self.zip_code else ()
        return found[0] if len(found) == 1 else ""

    @property
    def phone(self) -> str:
        """The primary number, E.164; '' when there is none."""
        return next((phone.number for phone in self.phones.all() if phone.is_primary), "")

    def addresses(self) -> list[str]:
        """Every number and e-mail address of this person; e-mail in lower case."""
        mails = [self.email, *self.emails.values_list("address", flat=True)]
        return [*self.phones.values_list("number", flat=True), *(mail.lower() for mail in mails if mail)]

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


class PatientEmail(models.Model):
    """An address beside `Patient.email`: what is said from it or about it belongs to the patient too."""

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="emails")
    address = models.EmailField(db_index=True, help_text="Lower case. Several patients may share one.")

    class Meta:
        ordering = ("pk",)
        constraints = [models.UniqueConstraint(fields=["patient", "address"], name="an_email_once_a_patient")]

    def __str__(self) -> str:
        return self.address


class PatientMerge(models.Model):
    """Two rows that are one person: what was moved, so that it can be moved back for 30 days.

    done -> undone
    """

    kept = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="merges")
    gone = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="merges_away")
    moved = models.JSONField(help_text="Keys of the rows that changed hands, by table; ids only.")
    merged_at = models.DateTimeField()
    merged_by = models.ForeignKey("members.StaffUser", on_delete=models.PROTECT, related_name="+")
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey(
        "members.StaffUser", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        ordering = ("-pk",)
        constraints = [
            # A row is merged away once; after an undo it may be merged again.
            models.UniqueConstraint(
                fields=["gone"], condition=models.Q(undone_at__isnull=True), name="merged_away_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.gone_id} into {self.kept_id}"


class NotDuplicate(models.Model):
    """Staff said that two patients who look alike are two people; the pair is not proposed again."""

    first = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="+")
    second = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="+")
    said_at = models.DateTimeField()

    class Meta:
        constraints = [
            # The lower key stands first, so that a pair has one row whichever way it is asked.
            models.UniqueConstraint(fields=["first", "second"], name="a_pair_is_told_apart_once"),
            models.CheckConstraint(condition=models.Q(first__lt=models.F("second")), name="the_lower_key_stands_first"),
        ]

    def __str__(self) -> str:
        return f"{self.first_id} is not {self.second_id}"
