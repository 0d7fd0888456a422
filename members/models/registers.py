"""What a practice keeps on record before machines speak for it: contracts, whom to page, confirmations."""

from datetime import date

from django.db import models
from django.utils.translation import gettext_noop as _

from members.models.staff import StaffUser


class BusinessAssociate(models.Model):
    """One signed business associate agreement (R105): a vendor without one may not touch patients' data."""

    class Vendor(models.TextChoices):
        TEXTING = "texting", _("Texts and calls (Twilio)")
        HOSTING = "hosting", _("Hosting and database")
        EMAIL = "email", _("E-mail")
        BACKUPS = "backups", _("Backups")
        LANGUAGE_MODEL = "language_model", _("Language model")
        ERROR_TRACKING = "error_tracking", _("Error tracking")

    vendor = models.CharField(max_length=16, choices=Vendor)
    name = models.CharField(max_length=80, help_text="The company that signed.")
    signed_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True, help_text="Empty: until one side ends it.")
    kept_at = models.CharField(max_length=200, blank=True, help_text="Where the signed paper is.")

    class Meta:
        ordering = ("vendor", "-signed_on")

    def __str__(self) -> str:
        return f"{self.get_vendor_display()}: {self.name}"

    @classmethod
    def covered(cls, *, on: date) -> set[str]:
        """The kinds of vendor with whom an agreement is in force on that day."""
        in_force = models.Q(ends_on__isnull=True) | models.Q(ends_on__gte=on)
        return set(cls.objects.filter(in_force, signed_on__lte=on).values_list("vendor", flat=True))


class OnCallContact(models.Model):
    """Who is paged about an emergency, in this order, at any hour (R162)."""

    position = models.PositiveSmallIntegerField(unique=True, help_text="1 is called first.")
    name = models.CharField(max_length=80)
    phone = models.CharField(max_length=16, help_text="E.164, a mobile phone that is always on.")

    class Meta:
        ordering = ("position",)

    def __str__(self) -> str:
        return f"{self.position}. {self.name}"


class Confirmation(models.Model):
    """What no machine can check and somebody has to answer for before the practice goes live."""

    class Kind(models.TextChoices):
        CARRIER = "carrier", _("Our number is registered with the carriers (A2P 10DLC or toll-free)")
        OPT_OUT = "opt_out", _("Twilio's Advanced Opt-Out is on, with our wording")
        COUNSEL = "counsel", _("Our counsel has read the legal table and the wordings")
        AI_NOTICE = "ai_notice", _("Patients are told at intake that an automated assistant is used")

    kind = models.CharField(max_length=12, choices=Kind, unique=True)
    confirmed_by = models.ForeignKey(StaffUser, on_delete=models.PROTECT, related_name="+")
    confirmed_at = models.DateTimeField()

    class Meta:
        ordering = ("kind",)

    def __str__(self) -> str:
        return self.get_kind_display()
