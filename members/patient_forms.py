"""What a patient is asked before an offer is made: as little as the act needs."""

from datetime import datetime
from typing import Any

from django import forms
from django.http import QueryDict

from common import money
from common.errors import Refused
from members import plan_words, quotes
from members.joining import rules, states
from members.models import Membership, PlanVersion, Quote
from members.quotes import terms

Act = Quote.Act
REASONS = [("", "I would rather not say"), *Quote.Reason.choices]
_SELECT = forms.Select(attrs={"class": "form-select"})

_BUTTONS = {
    Act.START: "Start my membership",
    Act.UPGRADE: "Upgrade now",
    Act.DOWNGRADE: "Change my plan",
    Act.PAUSE: "Pause my membership",
    Act.RESUME: "Resume my membership",
    Act.CANCEL: "Finish cancelling",
    Act.KEEP: "Keep my membership",
    Act.RESTART: "Restart my membership",
}


def buttons(quote: Quote) -> str:
    """The words of the button, with the amount where one is charged at once."""
    words = "End now" if quote.ends_at_once else _BUTTONS[Act(quote.act)]
    return f"{words} and pay {quote.due}" if quote.due_cents else words


class AskForm(forms.Form):
    """`wish` is what `quotes.offer` is called with. Nothing is asked here."""

    def __init__(self, *args: Any, membership: Membership, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.membership, self.now = membership, now

    @property
    def wish(self) -> dict[str, Any]:
        return dict(self.cleaned_data)


class PlanForm(AskForm):
    version = forms.TypedChoiceField(label="Plan", coerce=int, widget=forms.RadioSelect)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.on_sale = {version.pk: version for version in self.versions()}
        choices = [(pk, _plan_words(version)) for pk, version in self.on_sale.items()]
        self.fields["version"].choices = choices  # type: ignore[attr-defined]
        if not choices:
            raise Refused("There is no other plan to change to just now.", code="no_other_plan")
        if len(choices) == 1 or self.membership.plan_version_id in self.on_sale:
            mine = self.membership.plan_version_id
            self.fields["version"].initial = mine if mine in self.on_sale else choices[0][0]

    def versions(self) -> list[PlanVersion]:
        return [version for version in quotes.on_sale(now=self.now) if version.plan_id != self.membership.plan_id]

    @property
    def wish(self) -> dict[str, Any]:
        return {"version": self.on_sale[self.cleaned_data["version"]]}


class RestartForm(PlanForm):
    def versions(self) -> list[PlanVersion]:
        return quotes.on_sale(now=self.now)


class PauseForm(AskForm):
    months = forms.TypedChoiceField(label="For how long?", coerce=int, widget=_SELECT)
    freeze = forms.ChoiceField(label="How?", required=False, widget=_SELECT)
    reason = forms.ChoiceField(label="May we ask why?", choices=REASONS, required=False, widget=_SELECT)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        version = self.membership.plan_version
        offered = version.freezes_offered
        freeze = next(iter(offered), "")
        rules.require_freeze(self.membership, months=1, freeze=freeze, now=self.now)
        left = rules.freeze_months_left(self.membership, self.now)
        choices = [(count, "1 month" if count == 1 else f"{count} months") for count in range(1, left + 1)]
        self.fields["months"].choices = choices  # type: ignore[attr-defined]
        if len(offered) > 1:
            self.fields["freeze"].choices = [(way, plan_words.way(version, way)) for way in offered]  # type: ignore[attr-defined]
        else:
            del self.fields["freeze"]


class CancelForm(AskForm):
    at_once = forms.TypedChoiceField(
        label="When should it end?", coerce=lambda word: word == "now", widget=forms.RadioSelect, required=False
    )  # fmt: skip
    reason = forms.ChoiceField(label="May we ask why?", choices=REASONS, required=False, widget=_SELECT)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fee = rules.early_end_fee(self.membership, self.now)
        if not fee:
            del self.fields["at_once"]
            return
        ends = rules.day(rules.earliest_end(self.membership, self.now), self.membership)
        choices = [("", f"On {ends}, without a fee"), ("now", f"Today, for {money.readable(fee)}")]
        self.fields["at_once"].choices = choices  # type: ignore[attr-defined]

    @property
    def wish(self) -> dict[str, Any]:
        return {**self.cleaned_data, "at_once": bool(self.cleaned_data.get("at_once"))}


_FORMS: dict[str, type[AskForm]] = {
    Act.UPGRADE: PlanForm,
    Act.DOWNGRADE: PlanForm,
    Act.PAUSE: PauseForm,
    Act.CANCEL: CancelForm,
    Act.RESTART: RestartForm,
}


def asks_for(act: str, membership: Membership, *, now: datetime, data: QueryDict | None = None) -> AskForm:
    """The questions of an act. Raises Refused when it does not start from where the membership is."""
    states.require(membership, act)
    return _FORMS.get(act, AskForm)(data, membership=membership, now=now)


def _plan_words(version: PlanVersion) -> str:
    return f"{version.plan.name}, {version.price} {terms.per(version)}"
