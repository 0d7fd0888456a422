"""What staff may ask of the list of texts, and write into a sequence."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.db.models import Q
from django.http import QueryDict
from django.utils.translation import gettext_noop as _

from common import clock
from members import waiving
from outreach import late_facts, plain_words
from outreach.cadence.rounds import SEQUENCES
from outreach.editing import DraftStep
from outreach.models import Message, Sequence, Step
from outreach.models.messages import MessageQuerySet

_SENDERS = {
    "automation": Q(direction=Message.Direction.OUT) & ~Q(kind=Message.Kind.STAFF),
    "staff": Q(kind=Message.Kind.STAFF),
    "patient": Q(direction=Message.Direction.IN),
}
_GROUPS = {"went": Message.WENT_OUT, "trouble": Message.DID_NOT_ARRIVE}
_ROUNDS = {"monday": "Monday’s nudges", "wednesday": "Wednesday’s payments", "friday": "Friday’s win-backs"}


class WaiveForm(forms.Form):
    why = forms.CharField(
        label=_("Why is it waived?"),
        max_length=waiving.LONGEST_REASON,
        min_length=waiving.SHORTEST_REASON,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("For the audit trail. The patient does not see it."),
    )


class MessageFilter(forms.Form):
    """Every field is optional; a value that makes no sense filters nothing."""

    sender = forms.ChoiceField(
        required=False,
        choices=[
            ("", _("From anyone")),
            ("automation", _("Automation")),
            ("staff", _("Staff")),
            ("patient", _("Patients")),
        ],
    )
    status = forms.ChoiceField(
        required=False,
        choices=[
            ("", _("Any status")),
            ("went", _("Went out")),
            ("trouble", _("Did not arrive")),
            *Message.Status.choices,
        ],
    )
    kind = forms.ChoiceField(required=False, choices=[("", _("Any kind")), *plain_words.KINDS.items()])
    sequence = forms.ChoiceField(
        required=False, choices=[("", _("Any sequence")), *_ROUNDS.items(), *Sequence.Slug.choices]
    )
    period = forms.ChoiceField(
        required=False, choices=[("", _("Any time")), ("day", _("Last 24 hours")), ("week", _("This week"))]
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
            rows = rows.filter(enrolment__sequence__slug__in=SEQUENCES.get(sequence, (sequence,)))
        if period := asked.get("period"):
            since = now - timedelta(days=1) if period == "day" else clock.monday(now, zone)
            rows = rows.filter(created_at__gte=since)
        return rows


class StepForm(forms.Form):
    """One step of a new version; channel, class and choices stay as they are in the version it starts from."""

    day = forms.IntegerField(label=_("Day"), min_value=0, max_value=365)
    hour = forms.IntegerField(
        label=_("Hour"),
        min_value=0,
        max_value=23,
        required=False,
        help_text=_("On the patient's clock; empty: as enrolled."),
    )
    wording = forms.CharField(label=_("English"), max_length=1000, widget=forms.Textarea(attrs={"rows": 4}))
    wording_es = forms.CharField(
        label=_("Spanish"), max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 4})
    )

    def __init__(self, data: QueryDict | None, *, step: DraftStep, prefix: str) -> None:
        self.step = step
        first = {"day": step.day, "hour": step.hour, "wording": step.wording, "wording_es": step.wording_es}
        super().__init__(data, initial=first, prefix=prefix)

    @property
    def channel(self) -> str:
        """In words."""
        return str(Step.Channel(self.step.channel).label)

    @property
    def draft(self) -> DraftStep:
        written = self.cleaned_data
        return DraftStep(
            day=written["day"],
            hour=written["hour"],
            channel=self.step.channel,
            kind=self.step.kind,
            wording=written["wording"],
            wording_es=written["wording_es"],
            choices=self.step.choices,
        )


def stops_in(posted: QueryDict) -> list[str]:
    """The ticked stops, in the order in which they are asked."""
    ticked = set(posted.getlist("stops"))
    return [code for code in late_facts.STOPS if code in ticked]
