"""Forms of the settings. They check what is typed; `members.practice_setup` writes it."""

from datetime import time
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.utils.translation import gettext_noop as _

from common import phones, states, zips
from common.errors import Refused
from members.models import BusinessAssociate, Location, OnCallContact, Practice, Service

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
US_ZONES = sorted(zone for zone in available_timezones() if zone.startswith(("America/", "Pacific/")))


class PhoneField(forms.CharField):
    """Ten digits however written; E.164 inside."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": 30, **kwargs})

    def clean(self, value: Any) -> str:
        written = super().clean(value)
        try:
            return phones.to_e164(written) if written else ""
        except Refused as refused:
            raise forms.ValidationError(refused.message) from None

    def prepare_value(self, value: Any) -> Any:
        return phones.readable(value) if isinstance(value, str) and value.startswith("+") else value


class PracticeForm(forms.ModelForm):  # type: ignore[type-arg]
    phone = PhoneField(label=_("Phone that people answer"))

    class Meta:
        model = Practice
        fields = ("name", "legal_name", "phone", "email", "monthly_mail")
        labels = {
            "name": _("Name as patients know it"),
            "legal_name": _("Legal name"),
            "email": _("E-mail"),
            "monthly_mail": _("Mail the month's figures to the owners"),
        }


class LocationForm(forms.ModelForm):  # type: ignore[type-arg]
    phone = PhoneField(label=_("Phone"))
    transfer_number = PhoneField(
        label=_("Number for live transfers"), required=False, help_text=_("Empty: the phone above.")
    )
    state = forms.ChoiceField(choices=[("", _("Choose")), *states.NAMES.items()])
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        required=False,
        choices=[("", _("From the ZIP code")), *((zone, zone) for zone in US_ZONES)],
    )

    class Meta:
        model = Location
        fields = ("name", "street", "city", "state", "zip_code", "time_zone", "phone", "transfer_number")
        labels = {"zip_code": _("ZIP code")}

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or self.cleaned_data
        if not found.get("time_zone"):
            zone = zips.zone(found.get("zip_code", ""))
            if zone:
                found["time_zone"] = zone
            elif "zip_code" in found:
                self.add_error("time_zone", _("This ZIP code is not known: choose the time zone."))
        return found


class HoursForm(forms.Form):
    """Opening and closing of each weekday; a day with neither is closed."""

    def __init__(self, *args: Any, location: Location | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = {hours.weekday: hours for hours in location.business_hours.all()} if location else {}
        for weekday, name in enumerate(WEEKDAYS):
            hours = known.get(weekday)
            for edge, initial in (("opens", hours and hours.opens), ("closes", hours and hours.closes)):
                self.fields[f"{edge}_{weekday}"] = forms.TimeField(
                    label=f"{name} {edge}",
                    required=False,
                    initial=initial,
                    widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
                )

    @property
    def days(self) -> list[tuple[str, forms.BoundField, forms.BoundField]]:
        return [(name, self[f"opens_{day}"], self[f"closes_{day}"]) for day, name in enumerate(WEEKDAYS)]

    def clean(self) -> dict[str, Any]:
        for day, name in enumerate(WEEKDAYS):
            opens, closes = self.cleaned_data.get(f"opens_{day}"), self.cleaned_data.get(f"closes_{day}")
            if bool(opens) != bool(closes):
                self.add_error(f"closes_{day}", f"{name}: give both times, or none for a closed day.")
            elif opens and closes and opens >= closes:
                self.add_error(f"closes_{day}", f"{name}: it must close after it opens.")
        return self.cleaned_data

    def hours(self) -> dict[int, tuple[time, time] | None]:
        found = self.cleaned_data
        return {
            day: (found[f"opens_{day}"], found[f"closes_{day}"]) if found[f"opens_{day}"] else None for day in range(7)
        }


class ServiceForm(forms.ModelForm):  # type: ignore[type-arg]
    price = forms.DecimalField(label=_("Price in dollars"), min_value=0, max_digits=8, decimal_places=2)
    nicknames = forms.CharField(
        required=False,
        label=_("How patients call it"),
        help_text=_("With commas: facial, hydra. The concierge understands these."),
    )

    class Meta:
        model = Service
        fields = ("name", "category", "duration_minutes", "add_on")
        labels = {"duration_minutes": _("Minutes"), "add_on": _("An add-on to other services")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["price"] = f"{self.instance.price_cents / 100:.2f}"
            self.initial["nicknames"] = ", ".join(self.instance.nicknames)

    def clean_nicknames(self) -> list[str]:
        return [word.strip() for word in self.cleaned_data["nicknames"].split(",") if word.strip()]


class AgreementForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = BusinessAssociate
        fields = ("vendor", "name", "signed_on", "ends_on", "kept_at")
        labels = {"kept_at": _("Where the signed paper is"), "ends_on": _("Ends on")}
        widgets = {name: forms.DateInput(attrs={"type": "date"}) for name in ("signed_on", "ends_on")}


class OnCallForm(forms.ModelForm):  # type: ignore[type-arg]
    phone = PhoneField(label=_("Mobile phone"))

    class Meta:
        model = OnCallContact
        fields = ("name", "phone")
