"""What managers fill in for a version of a plan: its rules, and a line for each benefit."""

from typing import Any

from django import forms
from django.forms import BaseFormSet, formset_factory
from django.utils.translation import gettext_noop as _

from common import clock
from members.models import Benefit, PlanVersion, Service
from members.plans import BenefitDraft

_UNSET = [("", "As the plan"), ("true", "Yes"), ("false", "No")]


class MoneyField(forms.DecimalField):
    """Dollars as people write them; cents as the rows hold them."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=0, max_digits=8, decimal_places=2, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return f"{value / 100:.2f}" if isinstance(value, int) else value

    def clean(self, value: Any) -> int | None:
        dollars = super().clean(value)
        return None if dollars is None else int(dollars * 100)


class PlanForm(forms.Form):
    name = forms.CharField(max_length=60, strip=True, label=_("Name of the plan"))
    tier = forms.IntegerField(min_value=1, max_value=99, label=_("Rank"), help_text=_("Higher is more: 1, 2, 3."))


class VersionForm(forms.ModelForm):  # type: ignore[type-arg]
    """The rules. Left empty, the day is today; a version cannot begin in the past."""

    price_cents = MoneyField(label=_("Price, $"))
    early_end_fee_cents = MoneyField(label=_("Fee for leaving before the minimum ends, $"), initial=0)
    freeze_price_cents = MoneyField(label=_("Freeze at a reduced price of, $"), required=False)
    freeze_fee_cents = MoneyField(label=_("Fee for each freeze, $"), initial=0)
    effective_from = forms.DateField(
        label=_("Sold from"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("Empty: from now."),
    )

    field_order = ("price_cents", "interval", "effective_from", "terms")

    class Meta:
        model = PlanVersion
        fields = (
            "price_cents", "interval", "terms",
            "minimum_term_months", "early_end_fee_cents", "notice_days",
            "freeze_months_per_year", "freeze_with_benefits", "freeze_without_benefits", "freeze_price_cents",
            "freeze_fee_cents", "freeze_extends_term",
            "grace_days", "after_grace", "usable_while_past_due", "usable_while_paused",
            "usable_after_cancel_days", "credits_kept_on_downgrade",
        )  # fmt: skip
        widgets = {"terms": forms.Textarea(attrs={"rows": 4})}
        help_texts = {"freeze_with_benefits": "", "freeze_without_benefits": ""}
        labels = {
            "interval": _("Charged"),
            "terms": _("Terms"),
            "minimum_term_months": _("Minimum term, months"),
            "notice_days": _("Notice before the end, days"),
            "freeze_months_per_year": _("Months that may be frozen a year"),
            "freeze_with_benefits": _("Freeze without payment, benefits go on"),
            "freeze_without_benefits": _("Freeze without payment, benefits rest"),
            "freeze_extends_term": _("Frozen time is added to the minimum term"),
            "grace_days": _("Grace after a failed payment, days"),
            "after_grace": _("After the grace"),
            "usable_while_past_due": _("Benefits can be used while a payment is open"),
            "usable_while_paused": _("Benefits can be used while paused"),
            "usable_after_cancel_days": _("Credits can be used after the end for, days"),
            "credits_kept_on_downgrade": _("Credits stay when a member moves to a smaller plan"),
        }

    def __init__(self, *args: Any, zone: str, **kwargs: Any) -> None:
        self.zone = zone
        super().__init__(*args, **kwargs)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("early_end_fee_cents") and not data.get("minimum_term_months"):
            self.add_error("early_end_fee_cents", _("A fee for leaving early needs a minimum term."))
        price, frozen = data.get("price_cents"), data.get("freeze_price_cents")
        if price is not None and frozen is not None and frozen >= price:
            self.add_error("freeze_price_cents", _("The price while frozen must be less than the price."))
        return data

    def rules(self) -> dict[str, Any]:
        """The columns of the version; `effective_from` as a moment."""
        now, day = clock.now(), self.cleaned_data["effective_from"]
        starts = max(now, clock.midnight(day, self.zone)) if day else now
        return {**self.cleaned_data, "effective_from": starts}


class BenefitForm(forms.Form):
    code = forms.CharField(required=False, widget=forms.HiddenInput)
    kind = forms.ChoiceField(choices=Benefit.Kind.choices, initial=Benefit.Kind.CREDIT, label=_("Gives"))
    quantity = forms.IntegerField(min_value=1, max_value=99, required=False, label=_("Credits a period"))
    services = forms.ModelMultipleChoiceField(Service.objects.all(), required=False, label=_("For any of"))
    dollars = MoneyField(required=False, label=_("Money a period, $"))
    percent = forms.IntegerField(min_value=1, max_value=100, required=False, label=_("Percent off"))
    category = forms.CharField(max_length=40, required=False, label=_("Off which category"))
    valid_months = forms.IntegerField(
        min_value=1,
        max_value=36,
        required=False,
        label=_("Valid, months"),
        help_text=_("Empty: until the period ends."),
    )
    rollover_cap = forms.IntegerField(
        min_value=0, max_value=999, required=False, label=_("Carried over at most"), help_text=_("Empty: no limit.")
    )
    usable_after_cancel_days = forms.IntegerField(
        min_value=0,
        max_value=999,
        required=False,
        label=_("Usable after the end, days"),
        help_text=_("Empty: as the plan."),
    )
    usable_while_paused = forms.ChoiceField(choices=_UNSET, required=False, label=_("Usable while paused"))
    usable_while_past_due = forms.ChoiceField(choices=_UNSET, required=False, label=_("Usable while unpaid"))
    shareable = forms.BooleanField(required=False, label=_("The household may share it"))
    guest_passes_per_year = forms.IntegerField(
        min_value=0, max_value=99, required=False, label=_("Guest passes a year")
    )
    neutral_label = forms.CharField(
        max_length=40,
        required=False,
        label=_("Called in texts"),
        help_text=_("Neutral words: a lock screen shows them."),
    )
    safe_in_text = forms.BooleanField(required=False, label=_("Texts may name the treatment"))

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        needed = {
            Benefit.Kind.CREDIT: ("quantity", "services"),
            Benefit.Kind.WALLET: ("dollars",),
            Benefit.Kind.PERCENT: ("percent", "category"),
        }
        for name in needed.get(data.get("kind", ""), ()):
            if not data.get(name) and name not in self.errors:
                self.add_error(name, _("This kind of benefit needs it."))
        category = data.get("category")
        if category and not Service.objects.filter(category=category).exists():
            known = ", ".join(sorted(set(Service.objects.values_list("category", flat=True))))
            self.add_error("category", f"No service is of this category. There are: {known}.")
        return data

    def draft(self) -> BenefitDraft:
        data, kind = self.cleaned_data, self.cleaned_data["kind"]
        choose = {"": None, "true": True, "false": False}
        is_credit, is_percent = kind == Benefit.Kind.CREDIT, kind == Benefit.Kind.PERCENT
        cap = data["rollover_cap"]
        columns = {
            "kind": kind,
            "quantity": 1 if is_percent else data["quantity"] if is_credit else data["dollars"],
            "percent": data["percent"] if is_percent else 0,
            "category": data["category"] if is_percent else "",
            "valid_months": data["valid_months"],
            "rollover_cap": cap * 100 if cap is not None and kind == Benefit.Kind.WALLET else cap,
            "usable_after_cancel_days": data["usable_after_cancel_days"],
            "usable_while_paused": choose[data["usable_while_paused"]],
            "usable_while_past_due": choose[data["usable_while_past_due"]],
            "shareable": data["shareable"],
            "guest_passes_per_year": data["guest_passes_per_year"] or 0,
            "safe_in_text": data["safe_in_text"],
            "neutral_label": data["neutral_label"] or "membership credit",
        }
        return BenefitDraft(columns, tuple(data["services"]) if is_credit else (), data["code"])


class BenefitLines(BaseFormSet):  # type: ignore[type-arg]
    def drafts(self) -> list[BenefitDraft]:
        """The lines that were filled in and not taken off."""
        kept = [form for form in self.forms if form.has_changed() or form.initial]
        return [form.draft() for form in kept if not form.cleaned_data.get("DELETE")]


BenefitFormSet = formset_factory(BenefitForm, formset=BenefitLines, extra=1, can_delete=True, max_num=12)


def initial_of(benefit: Benefit) -> dict[str, Any]:
    """A benefit as its line of the form shows it."""
    words = {None: "", True: "true", False: "false"}
    is_wallet = benefit.kind == Benefit.Kind.WALLET
    cap = benefit.rollover_cap
    return {
        "code": benefit.code,
        "kind": benefit.kind,
        "quantity": benefit.quantity if benefit.kind == Benefit.Kind.CREDIT else None,
        "services": list(benefit.services.all()),
        "dollars": benefit.quantity if is_wallet else None,
        "percent": benefit.percent or None,
        "category": benefit.category,
        "valid_months": benefit.valid_months,
        "rollover_cap": cap // 100 if is_wallet and cap is not None else cap,
        "usable_after_cancel_days": benefit.usable_after_cancel_days,
        "usable_while_paused": words[benefit.usable_while_paused],
        "usable_while_past_due": words[benefit.usable_while_past_due],
        "shareable": benefit.shareable,
        "guest_passes_per_year": benefit.guest_passes_per_year,
        "neutral_label": benefit.neutral_label,
        "safe_in_text": benefit.safe_in_text,
    }


class PriceChangeForm(forms.Form):
    effective_on = forms.DateField(label=_("From"), widget=forms.DateInput(attrs={"type": "date"}))
