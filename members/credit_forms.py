"""What staff may do to a member's credits by hand."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_noop as _

from common import clock
from common.errors import Refused
from members import credits
from members.models import CreditEntry, Membership, Patient, Service
from members.plan_forms import MoneyField

_GUEST = "guest"


class _Once(forms.Form):
    """Sent twice, it acts once: the token becomes part of the ledger's key."""

    token = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)

    def key(self) -> str:
        return f"desk:{self.cleaned_data['token']}"


class UseForm(_Once):
    """A credit used without a visit in the scheduler: by the member, the household, or on a guest pass."""

    service = forms.ModelChoiceField(Service.objects.none(), label=_("What was done"))
    who = forms.ChoiceField(label=_("By whom"))
    reason = forms.CharField(max_length=100, label=_("Why by hand"), help_text=_("Seen by staff and on the statement."))

    def __init__(self, *args: Any, membership: Membership, at: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.membership = membership
        held = credits.lots(membership, at=at)
        covered = {service.pk for lot in held for service in lot.services}
        self.fields["service"].queryset = Service.objects.filter(pk__in=covered)  # type: ignore[attr-defined]
        self.household = household_of(membership)
        people = [(str(each.pk), f"{each.full_name}, household") for each in self.household]
        whom = [("", membership.patient.full_name), *people, (_GUEST, "A guest, on a guest pass")]
        self.fields["who"] = forms.ChoiceField(choices=whom, required=False, label=_("By whom"))

    def act(self, *, actor: str, now: datetime) -> None:
        """Raises Refused as credits.spend does."""
        data = self.cleaned_data
        credits.spend(
            membership=self.membership,
            service=data["service"],
            used_by=next((each for each in self.household if str(each.pk) == data["who"]), None),
            as_guest=data["who"] == _GUEST,
            key=self.key(),
            reason=data["reason"],
            actor=actor,
            now=now,
        )


class MoneyForm(_Once):
    """Money of the wallet, spent at the desk."""

    cents = MoneyField(label=_("Amount, $"))
    reason = forms.CharField(max_length=100, label=_("On what"))

    def __init__(self, *args: Any, membership: Membership, at: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.membership = membership

    def act(self, *, actor: str, now: datetime) -> None:
        """Raises Refused as credits.spend_money does."""
        data = self.cleaned_data
        credits.spend_money(
            membership=self.membership, cents=data["cents"], key=self.key(), reason=data["reason"], actor=actor, now=now
        )


class BonusForm(_Once):
    """A gift with a real end."""

    service = forms.ModelChoiceField(Service.objects.all(), label=_("Credit for"))
    quantity = forms.IntegerField(min_value=1, max_value=12, initial=1, label=_("How many"))
    until = forms.DateField(label=_("Last day"), widget=forms.DateInput(attrs={"type": "date"}))
    reason = forms.CharField(max_length=100, label=_("Why"))

    def __init__(self, *args: Any, membership: Membership, at: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.membership = membership

    def act(self, *, actor: str, now: datetime) -> None:
        """Raises Refused as credits.bonus does."""
        data = self.cleaned_data
        ends = clock.midnight(data["until"] + timedelta(days=1), self.membership.location.time_zone)
        fields = {"service": data["service"], "quantity": data["quantity"], "reason": data["reason"]}
        credits.bonus(membership=self.membership, expires_at=ends, key=self.key(), actor=actor, now=now, **fields)


class HandOverForm(_Once):
    """Credits of a shareable lot, given to another member of the household."""

    lot = forms.ChoiceField(label=_("Which credits"))
    to = forms.ModelChoiceField(Membership.objects.none(), label=_("To"))
    quantity = forms.IntegerField(min_value=1, initial=1, label=_("How many"))

    def __init__(self, *args: Any, membership: Membership, at: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        held = [lot for lot in credits.lots(membership, at=at) if lot.benefit and lot.benefit.shareable]
        self.fields["lot"] = forms.ChoiceField(
            label=_("Which credits"), choices=[(str(lot.entry_id), f"{lot.amount} × {lot.label}") for lot in held]
        )
        others = Membership.objects.current().filter(patient__in=household_of(membership)).select_related("patient")
        self.fields["to"].queryset = others.select_related("patient", "plan")  # type: ignore[attr-defined]

    def act(self, *, actor: str, now: datetime) -> None:
        """Raises Refused as credits.transfer does."""
        data = self.cleaned_data
        lot = CreditEntry.objects.select_related("membership__patient", "benefit", "service").get(pk=data["lot"])
        reason = f"Handed over in the household to member {data['to'].pk}"
        credits.transfer(
            lot=lot, quantity=data["quantity"], to=data["to"], key=self.key(), reason=reason, actor=actor, now=now
        )


ACTS: dict[str, type[UseForm | MoneyForm | BonusForm | HandOverForm]] = {
    "use": UseForm,
    "money": MoneyForm,
    "bonus": BonusForm,
    "hand_over": HandOverForm,
}


def household_of(membership: Membership) -> list[Patient]:
    """The others who live with the member."""
    if membership.patient.household_id is None:
        return []
    others = Patient.objects.filter(household=membership.patient.household_id)
    return list(others.exclude(pk=membership.patient_id))


def give_back(entry: CreditEntry, *, actor: str, now: datetime) -> None:
    """A use that staff recorded by hand. Raises Refused for the use of a visit: there the visit decides."""
    if entry.visit_id is not None:
        raise Refused(_("This use belongs to a visit: set the visit right, and the credit follows."), code="has_visit")
    credits.reverse(entry=entry, actor=actor, reason="Recorded by mistake", now=now)
