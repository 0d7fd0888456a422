"""The tables of the top floor."""

from django.conf import settings
from django.db import models


class Heartbeat(models.Model):
    """When a recurring job last ran to its end; `/readyz` calls it stale after TICK_STALE_SECONDS."""

    name = models.CharField(max_length=40, primary_key=True)
    beat_at = models.DateTimeField()
    seconds = models.FloatField(help_text="How long the last round took.")
    error = models.CharField(max_length=300, blank=True, help_text="Steps that failed in the last round.")

    def __str__(self) -> str:
        return self.name


class Draft(models.Model):
    """What somebody had typed and not sent when they were signed out; gone once it is sent, or after a week."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="drafts")
    place = models.CharField(max_length=200, help_text="Path of the page and name of the field.")
    text = models.TextField()
    saved_at = models.DateTimeField()

    class Meta:
        constraints = [
            # The newest words of a field replace the older ones.
            models.UniqueConstraint(fields=["user", "place"], name="one_draft_a_field"),
        ]

    def __str__(self) -> str:
        return self.place


class PlayedTime(models.Model):
    """A stretch of time that the demo plays, in chunks: the demo's clock is the cursor. Production never has one."""

    until = models.DateTimeField()
    asked_at = models.DateTimeField()
    # One at a time: true while it is played, empty afterwards.
    runs = models.BooleanField(null=True, default=True, unique=True)
    leased_until = models.DateTimeField(null=True, blank=True, help_text="By the real clock: the demo's moves.")

    def __str__(self) -> str:
        return f"Until {self.until:%Y-%m-%d}"


class MonthlyMail(models.Model):
    """The month's figures for one owner: planned -> claimed -> sent; a mail server's refusal makes it planned again.

    A crash between claim and answer leaves it claimed: rather no mail than two.
    """

    month = models.DateField(help_text="The first day of the month that it is about.")
    owner = models.ForeignKey("members.StaffUser", on_delete=models.CASCADE, related_name="+")
    tries = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            # An owner gets the figures of a month once, however many machines tick.
            models.UniqueConstraint(fields=["month", "owner"], name="one_monthly_mail_an_owner"),
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} for staff {self.owner_id}"
