"""The practice and its locations. One deployment = one practice."""

from calendar import day_abbr
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import prefetch_related_objects
from django.utils.translation import gettext_noop as _


class Practice(models.Model):
    """The one practice of this deployment: how it names itself and which automations are live."""

    class Recovery(models.TextChoices):
        GUIDE = "guide", _("Day 0, 2, 5 and 7 after the failure")
        QUIET_FIRST = "quiet_first", _("Wait for the bank's next try first, where it may clear by itself")

    name = models.CharField(max_length=80, help_text="As patients know it; every text names it.")
    legal_name = models.CharField(max_length=120)
    phone = models.CharField(max_length=16, help_text="E.164, answered by people.")
    email = models.EmailField()
    cancellation_notice_hours = models.PositiveSmallIntegerField(
        default=24, help_text="A cancellation later than this before the visit counts as late."
    )
    # Each automation has its own go-live switch (settled.md).
    concierge_on = models.BooleanField(default=True)
    nudges_on = models.BooleanField(default=True)
    recovery_on = models.BooleanField(default=True)
    recovery_profile = models.CharField(max_length=12, choices=Recovery, default=Recovery.GUIDE)
    # Most renewals fail at night, and many clear within hours (settled.md, 14).
    gentle_notice_hour = models.PositiveSmallIntegerField(
        default=11, help_text="Hour of the patient's day from which a payment that may clear by itself is mentioned."
    )
    live_since = models.DateTimeField(null=True, blank=True, help_text="Empty: nothing is sent by itself yet.")
    upgrades_on = models.BooleanField(default=False)
    win_back_on = models.BooleanField(default=False)
    monthly_mail = models.BooleanField(default=True, help_text="On the first of the month, to every owner.")

    def __str__(self) -> str:
        return self.name

    @classmethod
    def current(cls) -> "Practice":
        """Raises Practice.DoesNotExist before set-up."""
        return cls.objects.order_by("pk")[:1].get()


class Location(models.Model):
    name = models.CharField(max_length=80)
    external_id = models.CharField(max_length=64, unique=True)
    time_zone = models.CharField(max_length=40, help_text="IANA name, e.g. America/Chicago.")
    street = models.CharField(max_length=120)
    city = models.CharField(max_length=60)
    state = models.CharField(max_length=2)
    zip_code = models.CharField(max_length=10)
    phone = models.CharField(max_length=16, help_text="E.164.")
    transfer_number = models.CharField(
        max_length=16, blank=True, help_text="Where live calls are put through, E.164; empty: the number above."
    )

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    def hours_on(self, when: datetime) -> "tuple[datetime, datetime] | None":
        """Opening and closing moment (aware, UTC-comparable) of the local day that holds `when`; None when closed."""
        prefetch_related_objects([self], "business_hours", "closures")
        zone = ZoneInfo(self.time_zone)
        day = when.astimezone(zone).date()
        opens, closes = self._hours(day)
        if opens is None or closes is None:
            return None
        return datetime.combine(day, opens, tzinfo=zone), datetime.combine(day, closes, tzinfo=zone)

    def _hours(self, day: date) -> "tuple[time | None, time | None]":
        """The local hours of one day: the closure's own where there is one, else the weekday's."""
        for closure in self.closures.all():
            if closure.on == day:
                return closure.opens, closure.closes
        for hours in self.business_hours.all():
            if hours.weekday == day.weekday():
                return hours.opens, hours.closes
        return None, None

    def next_open(self, when: datetime) -> datetime:
        """`when` itself while open, else the next opening moment within 14 days (then: `when`)."""
        for ahead in range(15):
            span = self.hours_on(when + timedelta(days=ahead))
            if span and when < span[1]:
                return max(when, span[0])
        return when

    def after_open_time(self, since: datetime, span: timedelta) -> datetime:
        """The moment by which the location was open for `span` since then; plain time where no hours are known."""
        at = self.next_open(since)
        while (hours := self.hours_on(at)) and at + span > hours[1]:
            span -= hours[1] - at
            at = self.next_open(hours[1] + timedelta(minutes=1))
        return at + span


class BusinessHours(models.Model):
    location = models.ForeignKey(Location, on_delete=models.CASCADE, related_name="business_hours")
    weekday = models.PositiveSmallIntegerField(help_text="0 = Monday.")
    opens = models.TimeField()
    closes = models.TimeField()

    class Meta:
        ordering = ("weekday",)
        constraints = [
            models.UniqueConstraint(fields=["location", "weekday"], name="one_opening_a_day"),
            models.CheckConstraint(condition=models.Q(closes__gt=models.F("opens")), name="closes_after_it_opens"),
        ]

    def __str__(self) -> str:
        return f"{self.location} {self.weekday}: {self.opens:%H:%M}–{self.closes:%H:%M}"

    @property
    def day_name(self) -> str:
        return day_abbr[self.weekday]


class Closure(models.Model):
    """A day that is not like its weekday: closed (a holiday), or open at other hours."""

    location = models.ForeignKey(Location, on_delete=models.CASCADE, related_name="closures")
    on = models.DateField()
    name = models.CharField(max_length=60, help_text='As patients may read it: "Thanksgiving".')
    opens = models.TimeField(null=True, blank=True, help_text="Empty: closed all day.")
    closes = models.TimeField(null=True, blank=True)

    class Meta:
        ordering = ("on",)
        constraints = [
            models.UniqueConstraint(fields=["location", "on"], name="one_closure_a_day"),
            models.CheckConstraint(
                condition=models.Q(opens__isnull=True, closes__isnull=True) | models.Q(closes__gt=models.F("opens")),
                name="closure_is_whole_or_has_hours",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.location} {self.on}: {self.name}"
