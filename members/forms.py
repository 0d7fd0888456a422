"""What staff may ask of the member list."""

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.db.models import Exists, OuterRef, QuerySet

from members.models import AuditEntry, Invoice, Location, Membership, Patient, Plan, StaffUser
from members.models.memberships import MembershipQuerySet


class MemberFilter(forms.Form):
    """Every field is optional; a value that makes no sense is shown as an error and filters nothing."""

    q = forms.CharField(required=False, max_length=80, strip=True)
    status = forms.ChoiceField(required=False, choices=[("", "Any status"), *Membership.Status.choices])
    plan = forms.ModelChoiceField(Plan.objects.all(), required=False, empty_label="Any plan")
    location = forms.ModelChoiceField(Location.objects.all(), required=False, empty_label="Any location")
    recovered = forms.ChoiceField(required=False, choices=[("", ""), ("day", "Payment recovered in the last day")])

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
        words = asked.get("q")
        return rows.filter(patient__in=Patient.objects.matching(words)) if words else rows


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

    q = forms.CharField(required=False, max_length=80, strip=True, label="Patient's name or phone")
    actor = forms.ChoiceField(required=False, label="Who acted")
    area = forms.ChoiceField(required=False, choices=list(_AREAS.items()), label="What was done")
    since = forms.DateField(required=False, label="From")
    until = forms.DateField(required=False, label="To")

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
