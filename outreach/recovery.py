"""Billing facts become sequences: the only module that knows both."""

import logging
from datetime import datetime, timedelta

from django.db import transaction

from common import clock, money
from common.claims import claim
from common.rounds import in_time
from members import declines, disputes, escalations, links
from members.models import BillingChange, Escalation, Invoice, PatientLink, PlanVersion, Practice
from outreach import gate, late_facts, outbox, quiet_hours, sequences, standing_texts
from outreach.models import Message, Sequence

log = logging.getLogger(__name__)

BATCH = 500
AFTER_THE_RETRY = timedelta(hours=1)  # Stripe tells of it within minutes
_SLUG = Sequence.Slug.PAYMENT_RECOVERY
Kind = BillingChange.Kind
# Money that goes back ends everything that is being said to the member (R136).
_STOPS = {Kind.DISPUTE_OPENED: "disputed", Kind.REFUNDED: "refunded"}


def follow_all(*, now: datetime) -> int:
    """Claim every new billing fact and act on it, each in one transaction. Returns how many were followed."""
    new = BillingChange.objects.filter(handled_at__isnull=True).order_by("pk")
    followed = 0
    for pk in in_time(list(new.values_list("pk", flat=True)[:BATCH])):
        try:
            with transaction.atomic():
                followed += _follow(pk, now)
        except Exception:
            log.exception("billing change not followed", extra={"change_pk": pk})  # stays unhandled: tried again
            escalations.open_once(
                reason=Escalation.Reason.BILLING_SYNC,
                summary=f"What Stripe told of a payment (no. {pk}) cannot be acted on; it is tried again each minute. "
                "Look at the member's payments, and write or call yourself.",
                subject=f"billing-change:{pk}",
                now=now,
            )
    return followed


def _follow(pk: int, now: datetime) -> bool:
    if not claim(BillingChange.objects.filter(pk=pk, handled_at__isnull=True), handled_at=now):
        return False
    facts = ("membership__patient__home_location", "membership__location", "membership__plan_version", "invoice")
    change = BillingChange.objects.select_related(*facts).get(pk=pk)
    if change.kind in _STOPS:
        sequences.stop(membership=change.membership, because=_STOPS[Kind(change.kind)], now=now)
    elif change.kind == Kind.DISPUTE_CLOSED:
        for invoice in change.membership.invoices.owed().filter(first_failed_at__isnull=False):
            _start(invoice, now)
    elif change.invoice and change.kind == Kind.GRACE_ENDED:
        _say_that_grace_ended(change, change.invoice, now)
    elif change.invoice and change.kind == Kind.PAYMENT_SETTLED:
        _settled(change, change.invoice, now)
    elif change.invoice:
        _start(change.invoice, now)
    return True


def _start(invoice: Invoice, now: datetime) -> None:
    if not invoice.needs_payment or disputes.is_open(invoice.membership):
        return  # an old failure told late starts nothing; nobody is chased who disputes
    sequences.enrol(
        slug=_SLUG,
        membership=invoice.membership,
        cause=late_facts.cause_of(invoice),
        start_at=_first_word_at(invoice, now),
        counts_from=now,
        now=now,
    )


def _first_word_at(invoice: Invoice, now: datetime) -> datetime:
    """At once, but where the first decline may clear by itself: then at the practice's hour, or after Stripe's retry.

    By then it is either paid, and nothing is said, or still open (settled.md 14).
    """
    if invoice.attempt_count > 1 or declines.kind_of(invoice.decline_code) != declines.Kind.SOFT:
        return now
    practice = Practice.current()
    if practice.recovery_profile == Practice.Recovery.QUIET_FIRST and invoice.next_attempt_at:
        return max(now, invoice.next_attempt_at + AFTER_THE_RETRY)
    return clock.next_hour(now, practice.gentle_notice_hour, invoice.membership.billing_contact.zone)


def _settled(change: BillingChange, invoice: Invoice, now: datetime) -> None:
    how = late_facts.PAID if invoice.status == invoice.Status.PAID else late_facts.NOT_OWED
    cause = late_facts.cause_of(invoice)
    sequences.stop(membership=change.membership, slug=_SLUG, cause=cause, because=how.code, now=now)
    if how is late_facts.PAID:
        _thank(change, invoice, now)


def _thank(change: BillingChange, invoice: Invoice, now: datetime) -> None:
    """Whoever got a text about the failure hears once that it is settled; at night only if it was their own act."""
    enrolment = late_facts.recoveries_of(invoice).filter(messages__sent_at__isnull=False).first()
    if enrolment is None:
        return
    patient, location = change.membership.billing_contact, change.membership.location
    own_act = PatientLink.objects.filter(invoice=invoice, completed_at__isnull=False).exists()
    places = gate.places_for(patient, location, patient.phone)
    outbox.post(
        kind=Message.Kind.CONFIRMATION,
        body=standing_texts.thanks(patient),
        dedupe_key=f"thanks:{invoice.stripe_id}",
        patient=patient,
        location=location,
        enrolment=enrolment,
        due_at=now if own_act else quiet_hours.next_allowed(now, places),
        now=now,
    )


def _say_that_grace_ended(change: BillingChange, invoice: Invoice, now: datetime) -> None:
    """Never silently (settled.md 14)."""
    membership = change.membership
    # By the rule that was carried out at Stripe: our own row may learn of it later.
    paused = membership.plan_version.after_grace == PlanVersion.AfterGrace.PAUSE
    payer = membership.billing_contact
    body = standing_texts.grace_ended(
        payer, amount=money.readable(invoice.amount_remaining_cents, invoice.currency), paused=paused
    )
    purpose = PatientLink.Purpose.UPDATE_CARD
    outbox.post(
        kind=Message.Kind.SERVICING,
        body=body,
        dedupe_key=f"grace:{change.pk}",
        patient=payer,
        location=membership.location,
        link=links.issue(membership=membership, purpose=purpose, invoice=invoice, now=now) if paused else None,
        now=now,
    )
