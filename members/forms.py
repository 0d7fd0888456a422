"""What staff may ask of the member list."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.db.models import Exists, OuterRef, Q

from members.models import Invoice, Location, Membership, PatientPhone, Plan
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
        return _matching(rows, asked.get("q") or "")


def recovered_invoices(*, since: datetime) -> Any:
    """Invoices that failed first and were paid after `since`: money that would have been lost."""
    return Invoice.objects.filter(status=Invoice.Status.PAID, first_failed_at__isnull=False, paid_at__gte=since)


def _matching(rows: MembershipQuerySet, words: str) -> MembershipQuerySet:
    """By digits of a phone number, or by the beginnings of names in any order."""
    digits = "".join(letter for letter in words if letter.isdigit())
    if len(digits) >= 3 and not any(letter.isalpha() for letter in words):
        numbers = PatientPhone.objects.filter(patient=OuterRef("patient"), number__contains=digits)
        return rows.filter(Exists(numbers))
    for word in words.split():
        rows = rows.filter(Q(patient__last_name__istartswith=word) | Q(patient__first_name__istartswith=word))
    return rows
