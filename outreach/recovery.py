"""Billing facts become sequences: the only module that knows both."""

import logging
from datetime import datetime

from django.db import transaction

from common.claims import claim
from common.rounds import in_time
from members.models import BillingChange, PatientLink
from outreach import gate, late_facts, outbox, quiet_hours, sequences, standing_texts
from outreach.models import Enrolment, Message, Sequence

log = logging.getLogger(__name__)

BATCH = 500
_SLUG = Sequence.Slug.PAYMENT_RECOVERY


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
    return followed


def _follow(pk: int, now: datetime) -> bool:
    if not claim(BillingChange.objects.filter(pk=pk, handled_at__isnull=True), handled_at=now):
        return False
    facts = ("membership__patient__home_location", "membership__location", "invoice")
    change = BillingChange.objects.select_related(*facts).get(pk=pk)
    if change.kind == BillingChange.Kind.PAYMENT_SETTLED:
        _settled(change, now)
    elif change.invoice.needs_payment:  # an old failure told late starts nothing
        sequences.enrol(slug=_SLUG, membership=change.membership, cause=late_facts.cause_of(change.invoice), now=now)
    return True


def _settled(change: BillingChange, now: datetime) -> None:
    invoice, cause = change.invoice, late_facts.cause_of(change.invoice)
    how = late_facts.PAID if invoice.status == invoice.Status.PAID else late_facts.NOT_OWED
    sequences.stop(membership=change.membership, slug=_SLUG, cause=cause, because=how.code, now=now)
    if how is late_facts.PAID:
        _thank(change, cause, now)


def _thank(change: BillingChange, cause: str, now: datetime) -> None:
    """Whoever got a text about the failure hears once that it is settled; at night only if it was their own act."""
    enrolment = Enrolment.objects.filter(sequence__slug=_SLUG, membership=change.membership, cause=cause).first()
    if enrolment is None or not enrolment.messages.filter(sent_at__isnull=False).exists():
        return
    patient, location = change.membership.patient, change.membership.location
    own_act = PatientLink.objects.filter(invoice=change.invoice, completed_at__isnull=False).exists()
    places = gate.places_for(patient, location, patient.phone)
    outbox.post(
        kind=Message.Kind.CONFIRMATION,
        body=standing_texts.thanks(patient),
        dedupe_key=f"thanks:{change.invoice.stripe_id}",
        patient=patient,
        location=location,
        enrolment=enrolment,
        due_at=now if own_act else quiet_hours.next_allowed(now, places),
        now=now,
    )
