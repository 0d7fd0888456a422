"""What a patient is offered exactly, what they agreed to, and what became of the membership."""

import uuid
from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_noop as _

from common import money
from members.models.append_only import AppendOnly
from members.models.memberships import Membership
from members.models.plans import PlanVersion


class Quote(models.Model):
    """An act on a membership with its exact terms; it is done as quoted or offered anew (R91).

    offered -> accepted -> done          offered -> withdrawn (another offer, or the terms changed)
               accepted -> failed (the card was refused, or Stripe said no: nothing changed)
    """

    class Act(models.TextChoices):
        START = "start", _("Start")
        UPGRADE = "upgrade", _("Upgrade")
        DOWNGRADE = "downgrade", _("Change plan at the period's end")
        PAUSE = "pause", _("Pause")
        RESUME = "resume", _("Resume")
        CANCEL = "cancel", _("Cancel")
        KEEP = "keep", _("Take back the cancellation")
        RESTART = "restart", _("Restart")

    class State(models.TextChoices):
        OFFERED = "offered", _("Offered")
        ACCEPTED = "accepted", _("Being done")
        DONE = "done", _("Done")
        FAILED = "failed", _("Not done")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    class Reason(models.TextChoices):
        """Why somebody pauses or cancels; reported, never held against them."""

        TOO_EXPENSIVE = "too_expensive", _("Too expensive")
        NO_TIME = "no_time", _("No time to come")
        MOVING = "moving", _("Moving away")
        NO_RESULTS = "no_results", _("Not happy with the results")
        HEALTH = "health", _("Health or pregnancy")
        SERVICE = "service", _("Not happy with the service")
        TRAVEL = "travel", _("Travelling")
        OTHER = "other", _("Something else")

    # Acts that raise, start or bring back a charge: consent must be express and for this offer alone (R90).
    CHARGES = (Act.START, Act.UPGRADE, Act.RESUME, Act.KEEP, Act.RESTART)

    BENEFITS_GO_ON = (PlanVersion.Freeze.WITH_BENEFITS, PlanVersion.Freeze.REDUCED_PRICE)

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="quotes")
    act = models.CharField(max_length=9, choices=Act)
    state = models.CharField(max_length=9, choices=State, default=State.OFFERED)
    plan_version = models.ForeignKey(
        PlanVersion, on_delete=models.PROTECT, related_name="+", help_text="After the act, the one that is agreed on."
    )
    due_cents = models.PositiveIntegerField(default=0, help_text="Charged at once.")
    currency = models.CharField(max_length=3, default="usd")
    prorated_at = models.DateTimeField(null=True, blank=True, help_text="An upgrade is made with this moment (R150).")
    next_charge_at = models.DateTimeField(null=True, blank=True, help_text="Empty: there is none.")
    takes_effect_at = models.DateTimeField()
    months = models.PositiveSmallIntegerField(default=0, help_text="Payments that a pause skips.")
    freeze = models.CharField(max_length=16, choices=PlanVersion.Freeze, blank=True)
    reason = models.CharField(max_length=13, choices=Reason, blank=True)
    terms = models.JSONField(default=list, help_text="As shown: pairs of label and words (R89).")
    # Typed by text; it stands for this offer alone, so a "yes" to something else buys nothing (R90).
    code = models.CharField(max_length=8)
    offered_by = models.CharField(max_length=80)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_by = models.CharField(max_length=80, blank=True)
    accepted_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True, help_text="When it was done, failed or withdrawn.")
    outcome = models.CharField(max_length=200, blank=True, help_text="Why it failed or was withdrawn.")

    class Meta:
        ordering = ("-pk",)
        constraints = [
            # One act at a time: two that both speak to Stripe could end in a state that nobody agreed to.
            models.UniqueConstraint(
                fields=["membership"], condition=Q(state="accepted"), name="one_act_under_way_a_membership"
            ),
            # A new offer takes the place of the last: a code or a button never means an older one.
            models.UniqueConstraint(
                fields=["membership"], condition=Q(state="offered"), name="one_open_offer_a_membership"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_act_display()} #{self.pk} ({self.get_state_display()})"

    @property
    def due(self) -> str:
        return money.readable(self.due_cents, self.currency)

    @property
    def needs_express_consent(self) -> bool:
        """Whether a bare "yes" is too little: a charge, also of a fee, wants the box or the code (R90)."""
        return self.act in self.CHARGES or self.due_cents > 0

    @property
    def ends_at_once(self) -> bool:
        """A cancellation that the early-end fee buys out of the minimum term."""
        return self.act == self.Act.CANCEL and self.due_cents > 0

    def is_open(self, now: datetime) -> bool:
        return self.state == self.State.OFFERED and now < self.expires_at


class QuoteConsent(AppendOnly):
    """Proof that somebody agreed: what was shown, when, and which number or session said yes (R101). Append-only."""

    class How(models.TextChoices):
        PAGE = "page", _("On the patient's page")
        TEXT = "text", _("By text")
        STAFF = "staff", _("Told to staff")

    # A quote is agreed to once; a second click finds the first one's proof.
    quote = models.OneToOneField(Quote, on_delete=models.PROTECT, related_name="consent")
    how = models.CharField(max_length=5, choices=How)
    given_by = models.CharField(max_length=80, help_text='The number (E.164), "link:7", or "staff:3".')
    said = models.CharField(max_length=200, help_text="The words of the button, the text, or what was told.")
    shown = models.TextField(help_text="The terms, exactly.")
    at = models.DateTimeField()
    kept_until = models.DateTimeField(help_text="Not purged before (members/retention.py).")

    def __str__(self) -> str:
        return f"{self.get_how_display()}: {self.quote}"


class MembershipChange(models.Model):
    """A fact about a membership's life that floors above act on; `handled_at` is empty until one of them has."""

    class Kind(models.TextChoices):
        STARTED = "started", _("Started")
        UPGRADED = "upgraded", _("Upgraded")
        DOWNGRADE_PLANNED = "down_later", _("Other plan from the next period")
        PLAN_CHANGED = "plan_changed", _("Plan changed")
        PAUSED = "paused", _("Paused")
        RESUMED = "resumed", _("Resumed")
        CANCELLING = "cancelling", _("Will end")
        KEPT = "kept", _("Cancellation taken back")
        ENDED = "ended", _("Ended")
        LAPSED = "lapsed", _("Ended unpaid")
        RESTARTED = "restarted", _("Restarted")

    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="changes")
    kind = models.CharField(max_length=12, choices=Kind)
    # One happening, one row, whoever notices it first: the act itself, Stripe's event or the nightly round.
    key = models.CharField(max_length=120, unique=True)
    quote = models.OneToOneField(Quote, null=True, blank=True, on_delete=models.PROTECT, related_name="change")
    occurred_at = models.DateTimeField()
    data = models.JSONField(default=dict)
    handled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("pk",)
        indexes = [
            models.Index(fields=["id"], condition=Q(handled_at__isnull=True), name="membership_change_unhandled"),
            models.Index(fields=["membership", "occurred_at"], name="membership_change_by_member"),  # timeline
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.membership}"
