"""What staff may ask of the member list."""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_noop as _

from common import phones
from members.models import (
    AuditEntry,
    ConsentEntry,
    CreditEntry,
    Invoice,
    Location,
    Membership,
    Patient,
    Plan,
    StaffUser,
)
from members.models.memberships import MembershipQuerySet

AWAY = timedelta(days=60)
ENDS_SOON = timedelta(days=14)


class MemberFilter(forms.Form):
    """Every field is optional; a value that makes no sense is shown as an error and filters nothing."""

    q = forms.CharField(required=False, max_length=80, strip=True)
    status = forms.ChoiceField(required=False, choices=[("", _("Any status")), *Membership.Status.choices])
    plan = forms.ModelChoiceField(Plan.objects.all(), required=False, empty_label=_("Any plan"))
    location = forms.ModelChoiceField(Location.objects.all(), required=False, empty_label=_("Any location"))
    recovered = forms.ChoiceField(required=False, choices=[("", ""), ("day", _("Payment recovered in the last day"))])
    risk = forms.ChoiceField(
        required=False,
        choices=[
            ("", _("Any risk")),
            ("unused", _("Unused credits, nothing booked")),
            ("away", _("Not seen for 60 days")),
            ("past_due", _("Past due")),
            ("expiring", _("Credits end within 14 days")),
        ],
    )

    @property
    def asks(self) -> bool:
        """Whether anything is filtered."""
        return self.is_valid() and any(self.cleaned_data.values())

    def apply(self, rows: MembershipQuerySet, *, now: datetime) -> MembershipQuerySet:
        """`rows` narrowed to what was asked."""
        self.is_valid()
        asked: dict[str, Any] = self.cleaned_data  # only what made sense
        for field in ("status", "plan", "location"):
            if asked.get(field):
                rows = rows.filter(**{field: asked[field]})
        if asked.get("recovered"):
            rows = rows.filter(
                Exists(recovered_invoices(since=now - timedelta(days=1)).filter(membership=OuterRef("pk")))
            )
        rows = _at_risk(rows, asked.get("risk", ""), now)
        words = asked.get("q")
        return rows.filter(patient__in=Patient.objects.matching(words)) if words else rows


def _at_risk(rows: MembershipQuerySet, risk: str, now: datetime) -> MembershipQuerySet:
    """Current members who may leave: by what they do not use, when they were last here, or what they owe."""
    if risk == "unused":
        nothing_booked = rows.without_appointment(after=now, until=now + timedelta(days=30))
        return nothing_booked.current().with_unused_credits()
    if risk == "away":
        since = now - AWAY
        never = Q(last_visit_at__isnull=True, started_on__lt=since.date())
        return rows.current().filter(Q(last_visit_at__lt=since) | never)
    if risk == "expiring":
        return rows.current().filter(pk__in=_lots_that_end(now).values("membership"))
    return rows.past_due() if risk == "past_due" else rows


def _lots_that_end(now: datetime) -> "QuerySet[CreditEntry]":
    """Credits, not money, that end soon, in lots of which something is left: each entry of a lot says how much."""
    last = CreditEntry.objects.filter(lot=OuterRef("pk")).order_by("-number").values("left")[:1]
    lots = CreditEntry.objects.filter(lot__isnull=True, unit=CreditEntry.Unit.CREDIT).order_by()
    ending = lots.filter(expires_at__gt=now, expires_at__lte=now + ENDS_SOON)
    return ending.annotate(unused=Coalesce(Subquery(last), F("left"))).filter(unused__gt=0)


def recovered_invoices(*, since: datetime) -> Any:
    """Invoices that failed first and were paid after `since`: money that would have been lost."""
    return Invoice.objects.filter(status=Invoice.Status.PAID, first_failed_at__isnull=False, paid_at__gte=since)


# What an act begins with, in words of the practice.
_AREAS = {
    "": "Every act",
    "patient": "Records opened, searched, changed",
    "consent": "Consent and opt-outs",
    "membership": "Memberships",
    "billing": "Payments",
    "card": "Cards",
    "credit": "Credits",
    "visit": "Visits",
    "message": "Texts by staff",
    "escalation": "Cases",
    "hold": "Holds",
    "audit": "The trail itself",
}
_MACHINES = {"system": "The system", "concierge": "The concierge", "stripe": "Stripe", "patient": "Patients"}


class AuditFilter(forms.Form):
    """What a manager may ask of the audit trail. A value that makes no sense filters nothing."""

    q = forms.CharField(required=False, max_length=80, strip=True, label=_("Patient's name or phone"))
    actor = forms.ChoiceField(required=False, label=_("Who acted"))
    area = forms.ChoiceField(required=False, choices=list(_AREAS.items()), label=_("What was done"))
    since = forms.DateField(required=False, label=_("From"))
    until = forms.DateField(required=False, label=_("To"))

    def __init__(self, *args: Any, zone: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._zone = ZoneInfo(zone)
        people = [(f"staff:{user.pk}", str(user)) for user in StaffUser.objects.order_by("first_name", "last_name")]
        self.fields["actor"].choices = [("", "Everybody"), *people, *_MACHINES.items()]  # type: ignore[attr-defined]

    @property
    def asks(self) -> bool:
        return self.is_valid() and any(self.cleaned_data.values())

    def apply(self, rows: "QuerySet[AuditEntry]") -> "QuerySet[AuditEntry]":
        """`rows` narrowed to what was asked; days are whole days of the practice's zone."""
        self.is_valid()
        asked: dict[str, Any] = self.cleaned_data
        if asked.get("q"):
            rows = rows.filter(patient__in=Patient.objects.matching(asked["q"]))
        if asked.get("actor"):
            exactly = asked["actor"] != "patient"  # "patient:12" wrote, too
            rows = rows.filter(**{"actor" if exactly else "actor__startswith": asked["actor"]})
        if asked.get("area"):
            rows = rows.filter(action__startswith=asked["area"])
        if asked.get("since"):
            rows = rows.filter(at__gte=datetime.combine(asked["since"], time(), tzinfo=self._zone))
        if asked.get("until"):
            ends = asked["until"] + timedelta(days=1)
            rows = rows.filter(at__lt=datetime.combine(ends, time(), tzinfo=self._zone))
        return rows


class ContactForm(forms.Form):
    """What a person is called, speaks, and where they live."""

    first_name = forms.CharField(max_length=60)
    last_name = forms.CharField(max_length=60)
    language = forms.ChoiceField(choices=Patient.Language.choices)
    zip_code = forms.RegexField(r"^\d{5}(-\d{4})?$", required=False, label=_("ZIP code"), max_length=10)
    state = forms.RegexField(
        r"^[A-Z]{2}$",
        required=False,
        label=_("State"),
        help_text=_("Two letters. Texting hours depend on it."),
        max_length=2,
    )
    time_zone = forms.ChoiceField(required=False, label=_("Time zone"))
    home_location = forms.ModelChoiceField(Location.objects.all(), label=_("Home location"), empty_label=None)

    def __init__(self, *args: Any, told: str, **kwargs: Any) -> None:
        """`told`: the zone that holds when none is chosen."""
        super().__init__(*args, **kwargs)
        zones = [(zone, zone.removeprefix("America/").replace("_", " ")) for zone in _ZONES]
        self.fields["time_zone"].choices = [("", f"By ZIP code or number ({told})"), *zones]  # type: ignore[attr-defined]


_ZONES = (
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Phoenix",
    "America/Los_Angeles",
    "America/Anchorage",
    "Pacific/Honolulu",
    "America/Puerto_Rico",
)


class PaperConsentForm(forms.Form):
    """What the patient signed. Nothing is ticked or filled in beforehand (R11)."""

    to = forms.ChoiceField(label=_("For"))
    purpose = forms.ChoiceField(label=_("Purpose"), choices=[("", _("Choose")), *ConsentEntry.Purpose.choices])
    wording = forms.CharField(
        label=_("Wording on the form, exactly"), max_length=4000, widget=forms.Textarea(attrs={"rows": 4})
    )
    signed_on = forms.DateField(label=_("Signed on"), widget=forms.DateInput(attrs={"type": "date"}))
    evidence = forms.CharField(
        label=_("Where the paper is"), max_length=160, help_text=_("Folder, scan number: it is the proof.")
    )

    def __init__(self, *args: Any, patient: Patient, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "paper-%s", **kwargs})
        self._today = today
        self.fields["to"].choices = [("", "Choose"), *_addresses(patient)]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Automated calls are agreed to for calls, the other purposes for texts and e-mail."""
        said: dict[str, Any] = super().clean() or self.cleaned_data
        is_call = said.get("to", "").startswith("voice:")
        if said.get("to") and said.get("purpose") and is_call != (said["purpose"] == "automated_voice"):
            self.add_error(
                "purpose", _("Choose “Automated calls” for calls, and one of the others for texts and e-mail.")
            )
        return said

    def clean_signed_on(self) -> date:
        signed: date = self.cleaned_data["signed_on"]
        if signed > self._today:
            raise forms.ValidationError(_("A form cannot be signed in the future."))
        return signed


class OptOutForm(forms.Form):
    """What the patient said, and how."""

    to = forms.ChoiceField(label=_("Where"))
    scope = forms.ChoiceField(
        label=_("How much"),
        required=False,
        choices=[("", _("Everything (if in doubt)")), ("marketing", _("Offers only; service messages may go on"))],
    )
    source = forms.ChoiceField(
        label=_("How they said it"),
        choices=[
            ("", _("Choose")),
            *((way, way.capitalize()) for way in ("in person", "phone call", "voicemail", "e-mail", "letter")),
        ],
    )
    wording = forms.CharField(label=_("In their words"), max_length=400)

    def __init__(self, *args: Any, patient: Patient, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "stop-%s", **kwargs})
        self.fields["to"].choices = [("", "Choose"), *_addresses(patient)]  # type: ignore[attr-defined]


def _addresses(patient: Patient) -> list[tuple[str, str]]:
    """(channel:address, words) of everything that reaches the patient."""
    choices = []
    for address in patient.addresses():
        if "@" in address:
            choices.append((f"email:{address}", f"E-mail to {address}"))
            continue
        choices.append((f"sms:{address}", f"Texts to {phones.readable(address)}"))
        choices.append((f"voice:{address}", f"Calls to {phones.readable(address)}"))
    return choices
