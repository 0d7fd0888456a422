"""Links that patients get by text: `/m/<token>/`."""

import uuid
from datetime import datetime

from django.db import models
from django.utils.translation import gettext_noop as _

from members.models.billing import Invoice
from members.models.memberships import Membership
from members.models.quotes import Quote


class PatientLink(models.Model):
    """One purpose, one membership, expires, can be revoked. The token itself is never stored, only its hash (R152)."""

    class Purpose(models.TextChoices):
        UPDATE_CARD = "update_card", _("Update card")
        BOOK = "book", _("Book a visit")
        CONFIRM_PAYMENT = "confirm_payment", _("Confirm a payment at the bank")
        PAY_NOW = "pay_now", _("Pay now")
        CHANGE_PLAN = "change_plan", _("Change plan")
        PAUSE = "pause", _("Pause")
        RESUME = "resume", _("Resume")
        CANCEL = "cancel", _("Cancel")
        RESTART = "restart", _("Restart")
        PREFERENCES = "preferences", _("Preferences")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    token_hash = models.CharField(max_length=64, unique=True)
    purpose = models.CharField(max_length=16, choices=Purpose)
    membership = models.ForeignKey(Membership, on_delete=models.CASCADE, related_name="links")
    invoice = models.ForeignKey(Invoice, null=True, blank=True, on_delete=models.SET_NULL)
    # The offer that the page shows; an act's page without one asks first what is wanted.
    quote = models.ForeignKey(Quote, null=True, blank=True, on_delete=models.SET_NULL, related_name="links")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    # The hosted session that was opened last; on return it tells which card to use.
    session_id = models.CharField(max_length=120, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"{self.get_purpose_display()} for {self.membership}"

    def is_usable(self, now: datetime) -> bool:
        return self.revoked_at is None and now < self.expires_at
