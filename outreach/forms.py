"""What staff may ask of the list of texts."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.db.models import Q

from common import clock
from outreach import plain_words
from outreach.models import Message, Sequence
from outreach.models.messages import MessageQuerySet

_SENDERS = {
    "automation": Q(direction=Message.Direction.OUT) & ~Q(kind=Message.Kind.STAFF),
    "staff": Q(kind=Message.Kind.STAFF),
    "patient": Q(direction=Message.Direction.IN),
}
_GROUPS = {"went": Message.WENT_OUT, "trouble": Message.DID_NOT_ARRIVE}


class MessageFilter(forms.Form):
    """Every field is optional; a value that makes no sense filters nothing."""

    sender = forms.ChoiceField(
        required=False,
        choices=[("", "From anyone"), ("automation", "Automation"), ("staff", "Staff"), ("patient", "Patients")],
    )
    status = forms.ChoiceField(
        required=False,
        choices=[("", "Any status"), ("went", "Went out"), ("trouble", "Did not arrive"), *Message.Status.choices],
    )
    kind = forms.ChoiceField(required=False, choices=[("", "Any kind"), *plain_words.KINDS.items()])
    sequence = forms.ChoiceField(required=False, choices=[("", "Any sequence"), *Sequence.Slug.choices])
    period = forms.ChoiceField(
        required=False, choices=[("", "Any time"), ("day", "Last 24 hours"), ("week", "This week")]
    )

    @property
    def asks(self) -> bool:
        return self.is_valid() and any(self.cleaned_data.values())

    def apply(self, rows: MessageQuerySet, *, now: datetime, zone: str) -> MessageQuerySet:
        """`rows` narrowed to what was asked; "this week" begins on Monday in `zone`."""
        self.is_valid()
        asked: dict[str, Any] = self.cleaned_data
        if sender := asked.get("sender"):
            rows = rows.filter(_SENDERS[sender])
        if status := asked.get("status"):
            rows = rows.filter(status__in=_GROUPS.get(status, (status,)))
        if kind := asked.get("kind"):
            rows = rows.filter(kind=kind)
        if sequence := asked.get("sequence"):
            rows = rows.filter(enrolment__sequence__slug=sequence)
        if period := asked.get("period"):
            since = now - timedelta(days=1) if period == "day" else clock.monday(now, zone)
            rows = rows.filter(created_at__gte=since)
        return rows
