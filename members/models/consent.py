"""Who may be contacted how and for what: append-only."""

from django.db import models
from django.utils.translation import gettext_noop as _

from members.models.append_only import AppendOnly
from members.models.people import Patient
from members.models.staff import StaffUser


class ConsentEntry(AppendOnly):
    """One thing a person said about being contacted (R7). The last entry for a key decides.

    Consent is keyed by person + address + channel + purpose. An opt-out has no person: it covers everyone on the
    address (settled.md 16) and every purpose (R32).
    """

    class Channel(models.TextChoices):
        SMS = "sms", _("Text")
        EMAIL = "email", _("E-mail")
        VOICE = "voice", _("Automated call")

    class Purpose(models.TextChoices):
        SERVICING = "servicing", _("Servicing")
        MARKETING = "marketing", _("Marketing")
        AUTOMATED_VOICE = "automated_voice", _("Automated calls")  # an artificial or recorded voice (R8, R41)

    class Act(models.TextChoices):
        OPT_IN = "opt_in", _("Agreed")
        OPT_OUT = "opt_out", _("Opted out")
        RESUBSCRIBE = "resubscribe", _("Opted back in")

    patient = models.ForeignKey(Patient, null=True, blank=True, on_delete=models.PROTECT, related_name="consents")
    address = models.CharField(max_length=254, help_text="E.164 or e-mail.")
    channel = models.CharField(max_length=5, choices=Channel)
    purpose = models.CharField(max_length=15, choices=Purpose, blank=True, help_text="Empty: every purpose.")
    act = models.CharField(max_length=11, choices=Act)
    wording = models.TextField(help_text="What was shown or said, exactly; for an opt-out, the keyword.")
    source = models.CharField(max_length=40, help_text="intake form, text, import, portal …")
    evidence = models.CharField(
        max_length=160,
        blank=True,
        help_text="What proves it: address and browser of the form, where the paper is filed.",
    )
    occurred_at = models.DateTimeField()
    recorded_by = models.ForeignKey(StaffUser, null=True, blank=True, on_delete=models.PROTECT)

    class Meta:
        ordering = ("pk",)
        indexes = [models.Index(fields=["address", "channel"], name="consent_by_address")]  # every send asks it
        constraints = [
            models.CheckConstraint(
                condition=models.Q(act="opt_in", patient__isnull=False) & ~models.Q(purpose="")
                | models.Q(act__in=["opt_out", "resubscribe"]),
                name="an_opt_in_names_person_and_purpose",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_act_display()} {self.channel} {self.purpose}".strip()
