"""What became of a membership is told at once, in a text and in an e-mail with every term, to keep (R92).

The only module that knows membership changes -> words. A patient's own act is confirmed like a reply, at any hour;
what happened by itself waits for texting hours. The e-mail is a notice that the law asks for: it outlives an opt-out.
"""

import logging
from datetime import datetime, timedelta

from django.db import transaction

from common import clock, money, phones
from common.claims import claim
from common.rounds import in_time
from members import escalations
from members.models import (
    BillingChange,
    Escalation,
    Membership,
    MembershipChange,
    Patient,
    PlanVersion,
    Practice,
    Quote,
)
from outreach import acknowledgement_wording as words
from outreach import gate, handovers, mailboxes, outbox, quiet_hours, wording
from outreach.models import Acknowledgement, Message

log = logging.getLogger(__name__)

BATCH = 200
Kind = MembershipChange.Kind


def follow_all(*, now: datetime) -> int:
    """Claim every new membership change and tell it, each in one transaction. Returns how many were told."""
    new = MembershipChange.objects.filter(handled_at__isnull=True).order_by("pk")
    told = 0
    for pk in in_time(list(new.values_list("pk", flat=True)[:BATCH])):
        try:
            with transaction.atomic():
                told += _follow(pk, now)
        except Exception:
            log.exception("membership change not told", extra={"change_pk": pk})  # stays unhandled: tried again
            escalations.open_once(
                reason=Escalation.Reason.BILLING_SYNC,
                summary=f"A change of a membership (no. {pk}) cannot be told to the patient; it is tried again each "
                "minute. Look at the member's page, and tell them yourself.",
                subject=f"membership-change:{pk}",
                now=now,
            )
    return told


def _follow(pk: int, now: datetime) -> bool:
    if not claim(MembershipChange.objects.filter(pk=pk, handled_at__isnull=True), handled_at=now):
        return False
    facts = (
        "membership__patient__home_location",
        "membership__location",
        "membership__plan_version__plan",
        "quote__plan_version__plan",
    )
    change = MembershipChange.objects.select_related(*facts).get(pk=pk)
    if _told_with_the_payment(change):
        return True
    patient, location = change.membership.patient, change.membership.location
    body = wording.render(_wording(change)[patient.language], _facts(change))
    own_act = change.quote is not None
    places = gate.places_for(patient, location, patient.phone)
    text = outbox.post(
        kind=Message.Kind.CONFIRMATION if own_act else Message.Kind.SERVICING,
        body=body,
        dedupe_key=f"change:{change.pk}",
        patient=patient,
        location=location,
        due_at=now if own_act else quiet_hours.next_allowed(now, places),
        now=now,
    )
    told = Acknowledgement.objects.create(change=change, text=text, mail=_mail(change, body, now), created_at=now)
    handovers.unacknowledged(told, now=now)
    return True


def _mail(change: MembershipChange, body: str, now: datetime) -> Message | None:
    """None without a mailbox that we may write to."""
    patient = change.membership.patient
    if not mailboxes.in_use(patient):
        return None
    return outbox.post(
        kind=Message.Kind.NOTICE,
        channel=Message.Channel.EMAIL,
        body=_whole(change, body),
        dedupe_key=f"change:{change.pk}:mail",
        patient=patient,
        address=patient.email,
        location=change.membership.location,
        now=now,
    )


def _told_with_the_payment(change: MembershipChange) -> bool:
    """The end of grace has its own text (outreach/recovery.py); nobody is told twice that the membership ended."""
    ended = BillingChange.objects.filter(membership=change.membership, kind=BillingChange.Kind.GRACE_ENDED)
    return change.quote is None and ended.filter(occurred_at__gte=change.occurred_at - timedelta(hours=1)).exists()


def _wording(change: MembershipChange) -> dict[str, str]:
    reduced = change.quote is not None and change.quote.freeze == PlanVersion.Freeze.REDUCED_PRICE
    return words.REDUCED if reduced and change.kind == Kind.PAUSED else words.BODIES[change.kind]


def _facts(change: MembershipChange) -> dict[str, str]:
    membership, quote, practice = change.membership, change.quote, Practice.current()
    version = quote.plan_version if quote else membership.plan_version
    spanish = membership.patient.language == Patient.Language.SPANISH
    return {
        "first_name": membership.patient.first_name,
        "practice": practice.name,
        "practice_phone": phones.readable(practice.phone),
        "plan": version.plan.name,
        "price": _price(version, spanish=spanish),
        "due": quote.due if quote else "",
        "reduced": money.readable(version.freeze_price_cents or 0, version.currency),
        "starts": _day(quote.takes_effect_at if quote else change.occurred_at, membership),
        "next": _day(_next(membership, quote), membership),
        "minimum": _minimum(version, spanish=spanish),
    }


def _next(membership: Membership, quote: Quote | None) -> datetime | None:
    return (quote.next_charge_at if quote else None) or membership.paused_until or membership.current_period_end


def _price(version: PlanVersion, *, spanish: bool) -> str:
    yearly = version.interval == PlanVersion.Interval.YEAR
    per = ("al año" if yearly else "al mes") if spanish else ("a year" if yearly else "a month")
    return f"{version.price} {per}"


def _minimum(version: PlanVersion, *, spanish: bool) -> str:
    months = version.minimum_term_months
    if not months:
        return "Sin plazo mínimo." if spanish else "No minimum term."
    return f"Plazo mínimo: {months} meses." if spanish else f"Minimum term: {months} months."


def _day(when: datetime | None, membership: Membership) -> str:
    """'07/06/2026': the same in both languages, and short."""
    return f"{clock.local(when, membership.location.time_zone):%m/%d/%Y}" if when else ""


def _whole(change: MembershipChange, body: str) -> str:
    """The e-mail has room for every term as it was shown."""
    if change.quote is None:
        return body
    terms = "\n".join(f"{label}: {said}" for label, said in change.quote.terms)
    return f"{body}\n\n{terms}"
