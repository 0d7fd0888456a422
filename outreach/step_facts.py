"""What the wording of a step may say. A text gets only what R107 allows; a case for staff also says what they need."""

from datetime import date, datetime, timedelta

from common import clock, money, phones
from members import declines
from members.models import Invoice, Patient, PatientLink, Practice
from outreach import late_facts, playbooks, promotions, spoken
from outreach.models import Enrolment, Message, Sequence, Step

_CREDITS = {
    Patient.Language.ENGLISH: ("{count} membership credit", "{count} membership credits"),
    Patient.Language.SPANISH: ("{count} crédito de su membresía", "{count} créditos de su membresía"),
}
_WEEKS = {"en": ("week", "{count} weeks"), "es": ("semana", "{count} semanas")}
# Sequences about money: the one who pays is asked, where that is somebody else.
_TO_THE_PAYER = {
    Sequence.Slug.PAYMENT_RECOVERY,
    Sequence.Slug.EXPIRING_CARD,
    Sequence.Slug.RENEWAL,
    Sequence.Slug.YEARLY,
    Sequence.Slug.PRICE_CHANGE,
    Sequence.Slug.PAUSE_ENDING,
}


def recipient(enrolment: Enrolment) -> Patient:
    """Who gets the texts of this sequence."""
    membership = enrolment.membership
    return membership.billing_contact if enrolment.sequence.slug in _TO_THE_PAYER else membership.patient


def wording(step: Step, enrolment: Enrolment) -> str:
    """The step's own wording in the patient's language; a gentle notice while the same card may still work."""
    language = recipient(enrolment).language
    found = invoice(enrolment)
    if found and link_purpose(enrolment) == PatientLink.Purpose.CONFIRM_PAYMENT:
        return playbooks.CONFIRM_PAYMENT[language]
    soft = found is not None and declines.kind_of(found.decline_code) == declines.Kind.SOFT
    if step.position == 0 and found and found.attempt_count == 1 and soft:
        return playbooks.GENTLE_NOTICE[language]
    return step.wording_for(language)


def link_purpose(enrolment: Enrolment) -> str:
    """What the link in a text of this sequence is for: another card, or the patient's word to the bank (R138)."""
    found = invoice(enrolment)
    waits_for_the_patient = found is not None and declines.kind_of(found.decline_code) == declines.Kind.CONFIRM
    return PatientLink.Purpose.CONFIRM_PAYMENT if waits_for_the_patient else PatientLink.Purpose.UPDATE_CARD


def for_patient(enrolment: Enrolment, *, practice: Practice | None = None) -> dict[str, str]:
    """`practice`: for a long list, so that it is not read anew for each."""
    membership, practice = enrolment.membership, practice or Practice.current()
    patient = recipient(enrolment)
    language = patient.language
    facts = {
        "first_name": patient.first_name,
        "practice": practice.name,
        "practice_phone": phones.readable(practice.phone),
        "practice_email": practice.email,
        "credits": _credits(membership.credits_remaining, language),
        "price": _price(enrolment),
        "times": "",
    }
    return facts | _of_money(enrolment, language) | _of_signals(enrolment, language)


def _price(enrolment: Enrolment) -> str:
    """What the member pays; of a payment that is to come, with the plan that is agreed on from then on."""
    membership = enrolment.membership
    coming = enrolment.sequence.slug in (Sequence.Slug.RENEWAL, Sequence.Slug.PAUSE_ENDING)
    version = membership.next_plan_version if coming else None
    return (version or membership.plan_version).price


def _of_money(enrolment: Enrolment, language: str) -> dict[str, str]:
    """What is owed, and how long the benefits stay on meanwhile (settled.md 14)."""
    found, membership = invoice(enrolment), enrolment.membership
    if found is None:
        return {}
    failed_at = found.first_failed_at or enrolment.started_at
    until = clock.local_date(failed_at + timedelta(days=membership.plan_version.grace_days), membership.patient.zone)
    return {"amount": _remaining(found), "grace_until": spoken.day(until, language)}


def _of_signals(enrolment: Enrolment, language: str) -> dict[str, str]:
    """What the audience saw when it chose the member; the signals that are words here are kept with the enrolment."""
    seen = {name: value for name, value in enrolment.signals.items() if value is not None}
    facts: dict[str, str] = {}
    for name in ("resume_on", "renews_on", "changes_on"):
        if name in seen:
            facts[name] = spoken.day(date.fromisoformat(seen[name]), language)
    for name in ("new_price_cents", "difference_cents"):
        if name in seen:
            facts[name.removesuffix("_cents")] = money.readable(int(seen[name]))
    if "interval_days" in seen:
        weeks = max(1, round(int(seen["interval_days"]) / 7))
        one, several = _WEEKS[language]
        facts["interval"] = one if weeks == 1 else several.format(count=weeks)
    if "more_credits" in seen:
        facts["benefit"] = _credits(int(seen["more_credits"]), language)
    if "monthly_credits" in seen:
        facts["monthly_credits"] = _credits(int(seen["monthly_credits"]), language)
    if enrolment.sequence.slug == Sequence.Slug.WIN_BACK:
        facts["offer"] = promotions.sentence(language, now=enrolment.started_at)
    return facts


def _credits(count: int, language: str) -> str:
    one, several = _CREDITS[Patient.Language(language)]
    return (one if count == 1 else several).format(count=count)


def for_staff(enrolment: Enrolment, *, now: datetime) -> dict[str, str]:
    membership = enrolment.membership
    patient, found = membership.patient, invoice(enrolment)
    failed_at = found.first_failed_at if found and found.first_failed_at else enrolment.started_at
    count = membership.credits_remaining
    return {
        "full_name": patient.full_name,
        "plan": membership.plan.name,
        "amount": _remaining(found) if found else "an unknown amount",
        "failed_on": f"{clock.local(failed_at, patient.zone):%B} {clock.local(failed_at, patient.zone).day}",
        "card": f"{membership.card_brand} ending {membership.card_last4}".strip()
        if membership.card_last4
        else "no card on file",
        "credits": f"{count} credit" if count == 1 else f"{count} credits",
        "texts_sent": _texts_sent(enrolment),
        "again": " A payment failed in the 90 days before, too." if late_facts.failed_lately_before(enrolment) else "",
    }


def invoice(enrolment: Enrolment) -> Invoice | None:
    stripe_id = late_facts.invoice_id(enrolment)
    return Invoice.objects.filter(stripe_id=stripe_id).first() if stripe_id else None


def _remaining(found: Invoice) -> str:
    return money.readable(found.amount_remaining_cents, found.currency)


def _texts_sent(enrolment: Enrolment) -> str:
    messages = list(enrolment.messages.order_by("pk"))
    went_out = [message for message in messages if message.sent_at]
    if went_out:
        return "One text went out" if len(went_out) == 1 else f"{len(went_out)} texts went out"
    why = next((message.reason for message in messages if message.status == Message.Status.HELD), "")
    return f"No text went out ({why.rstrip('.')})" if why else "No text went out"
