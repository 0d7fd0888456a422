"""How a patient stands with us, for the card beside a conversation and the head of the member page."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Case, IntegerField, Q, QuerySet, When
from django.utils.translation import gettext_noop as _

from members import credits, declines
from members.joining import states
from members.models import ConsentEntry, Invoice, Membership, Patient, Quote

Act, Purpose = ConsentEntry.Act, ConsentEntry.Purpose
INVOICES_SHOWN = 6
ACT_WORDS = {
    Quote.Act.START: _("Start membership"),
    Quote.Act.UPGRADE: _("Change plan"),
    Quote.Act.DOWNGRADE: _("Change plan"),
    Quote.Act.PAUSE: _("Pause"),
    Quote.Act.RESUME: _("Resume"),
    Quote.Act.CANCEL: _("Cancel membership"),
    Quote.Act.KEEP: _("Keep membership"),
    Quote.Act.RESTART: _("Restart"),
}


@dataclass(frozen=True)
class TextConsent:
    """What may be texted to the number, and since when nothing may."""

    servicing: bool
    marketing: bool
    opted_out_at: datetime | None


@dataclass(frozen=True)
class Standing:
    patient: Patient
    phone: str
    zone: str
    membership: Membership | None
    lots: list[credits.Lot]
    next_visit_at: datetime | None
    invoices: list[Invoice]  # what is unpaid first, then the newest
    consent: TextConsent

    @property
    def unpaid(self) -> Invoice | None:
        return next((invoice for invoice in self.invoices if invoice.needs_payment), None)

    @property
    def acts(self) -> list[tuple[str, str]]:
        """What staff may do with the membership from where it is: the act and its words."""
        return acts_from(self.membership) if self.membership else []

    @property
    def decline(self) -> str:
        return declines.words(self.unpaid.decline_code) if self.unpaid else ""


def acts_from(membership: Membership) -> list[tuple[str, str]]:
    """Up and down are one change of plan."""
    acts = [act for act in states.allowed(membership) if act != Quote.Act.DOWNGRADE]
    return [(act, ACT_WORDS[Quote.Act(act)]) for act in acts]


def of(patient: Patient, *, now: datetime, membership: Membership | None = None, phone: str = "") -> Standing:
    """At most five queries; fewer where the membership or the number is already at hand."""
    phone = phone or patient.phone
    membership = membership or memberships_of(patient.pk).first()
    upcoming = membership.next_appointment_at if membership else None
    return Standing(
        patient=patient,
        phone=phone,
        zone=patient.zone,
        membership=membership,
        lots=credits.lots(membership, at=now) if membership else [],
        next_visit_at=upcoming if upcoming and upcoming > now else None,
        invoices=_invoices(membership) if membership else [],
        consent=_consent(patient, phone),
    )


def memberships_of(patient_pk: int) -> QuerySet[Membership]:
    """The current membership first, then the ones that ended, the last in front."""
    current = Case(When(status__in=Membership.CURRENT, then=0), default=1, output_field=IntegerField())
    held = Membership.objects.filter(patient=patient_pk)
    return held.select_related("patient__home_location", "plan", "plan_version", "location").order_by(
        current, "-started_on", "-pk"
    )


def _invoices(membership: Membership) -> list[Invoice]:
    unpaid = Q(status=Invoice.Status.OPEN, amount_remaining_cents__gt=0)
    unpaid_first = Case(When(unpaid, then=0), default=1, output_field=IntegerField())
    rows = membership.invoices.order_by(unpaid_first, "-issued_at", "-pk")[:INVOICES_SHOWN]
    for invoice in rows:
        invoice.decline = declines.words(invoice.decline_code)  # type: ignore[attr-defined]
    return list(rows)


def _consent(patient: Patient, phone: str) -> TextConsent:
    """The rules of `members/consent.py`, read for both purposes in one query."""
    person = Q(patient=patient) | Q(patient__merged_into=patient)
    texts = Q(channel=ConsentEntry.Channel.SMS)
    about_the_phone = Q(channel__in=[ConsentEntry.Channel.SMS, ConsentEntry.Channel.VOICE], purpose="")
    said = ConsentEntry.objects.filter(
        person & texts & Q(act=Act.OPT_IN) | ~Q(act=Act.OPT_IN) & (texts | about_the_phone), address=phone
    ).order_by("pk")
    agreed: dict[str, datetime] = {}
    withdrawn: dict[str, datetime] = {}
    opted_out_at = None
    for entry in said:
        if not entry.purpose:
            opted_out_at = entry.occurred_at if entry.act == Act.OPT_OUT else None
            continue
        latest = agreed if entry.act == Act.OPT_IN else withdrawn
        latest[entry.purpose] = max(entry.occurred_at, latest.get(entry.purpose, entry.occurred_at))

    def stands(purpose: str) -> bool:
        if opted_out_at or purpose not in agreed:
            return False
        return purpose not in withdrawn or agreed[purpose] > withdrawn[purpose]

    return TextConsent(
        servicing=stands(Purpose.SERVICING),
        marketing=stands(Purpose.MARKETING),
        opted_out_at=opted_out_at,
    )
