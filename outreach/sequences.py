"""Sequences: who is in one, what comes next, and when it ends."""

import logging
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from common.claims import claim
from common.errors import Refused
from common.rounds import in_time
from members import audit, escalations
from members.models import Escalation, Membership
from members.stripe_gateway import StripeRefused, StripeUnavailable
from outreach import gate, handovers, late_facts, playbooks, steps
from outreach.models import Enrolment, Message, Sequence, Step

log = logging.getLogger(__name__)

Status = Enrolment.Status

_STILL_OWED = {
    late_facts.ENDED: "The membership has ended and a payment is still open. Collect it with the member or write it "
    "off.",
    late_facts.DISPUTED: "A payment is disputed and another is still open. No text goes out; decide with the member.",
    late_facts.ESCALATED: "A payment is still open; the texts about it ended, because this patient needs a person.",
}
BATCH = 200
LEASE = timedelta(minutes=5)


def enrol(
    *,
    slug: str,
    membership: Membership,
    cause: str,
    now: datetime,
    start_at: datetime | None = None,
    counts_from: datetime | None = None,
    signals: dict[str, Any] | None = None,
) -> Enrolment | None:
    """Start the live version for this cause; None if it was started for it before. The next tick takes the first step.

    The first step is due at `start_at`, or now; days count from `counts_from`, or from there. `signals` is what was
    seen, for staff and for the stops.
    """
    sequence, begins = named(slug), start_at or now
    try:
        with transaction.atomic():
            enrolment = Enrolment.objects.create(
                sequence=sequence,
                version=sequence.live,
                membership=membership,
                cause=cause,
                signals=signals or {},
                started_at=counts_from or begins,
                next_at=begins,
            )
            _trace("started", enrolment, now)
    except IntegrityError:
        return None  # one_enrolment_a_cause
    return enrolment


def named(slug: str) -> Sequence:
    """The sequence with its steps; a practice that was never set up gets the default ones."""
    known = Sequence.objects.filter(slug=slug).first()
    if known is None:
        playbooks.install()
    return known or Sequence.objects.get(slug=slug)


def advance(*, now: datetime) -> int:
    """Take every step that is due, one batch. Returns how many enrolments moved."""
    pks = list(_due(now).order_by("next_at", "pk").values_list("pk", flat=True)[:BATCH])
    moved = 0
    for pk in in_time(pks):
        if not claim(_due(now).filter(pk=pk), leased_until=now + LEASE):
            continue
        try:
            moved += _advance_one(_with_facts(pk), now)
        except StripeUnavailable:
            _wait_for_stripe(pk, now)
        except StripeRefused:
            moved += _hand_over(pk, now)
        except Refused as refused:  # as a wording with a placeholder that nothing fills
            handovers.step_failed(_with_facts(pk).sequence, why=refused.message, now=now)
        except Exception:
            log.exception("sequence step failed", extra={"enrolment_pk": pk})  # the others still get their turn
            handovers.step_failed(_with_facts(pk).sequence, why="the log says more.", now=now)
    return moved


def stop(
    *, membership: Membership, because: str, now: datetime, slug: str | None = None, cause: str | None = None
) -> int:
    """End what runs for the member (of one sequence, for one cause, or all) and drop its waiting texts.

    Returns how many ended.
    """
    running = Enrolment.objects.filter(membership=membership, status=Status.RUNNING)
    if slug is not None:
        running = running.filter(sequence__slug=slug)
    if cause is not None:
        running = running.filter(cause=cause)
    ended = 0
    for enrolment in running.select_related("membership__patient", "sequence"):
        with transaction.atomic():
            ended += _end(enrolment, because, now)
    return ended


def _due(now: datetime) -> QuerySet[Enrolment]:
    free = Q(leased_until__isnull=True) | Q(leased_until__lte=now)
    return Enrolment.objects.filter(free, status=Status.RUNNING, next_at__lte=now)


def _with_facts(pk: int) -> Enrolment:
    facts = ("sequence", "version", "membership__patient__home_location", "membership__location", "membership__plan")
    return Enrolment.objects.select_related(*facts).get(pk=pk)


def _wait_for_stripe(pk: int, now: datetime) -> None:
    log.warning("Stripe could not be asked about a step", extra={"enrolment_pk": pk})
    Enrolment.objects.filter(pk=pk, status=Status.RUNNING).update(leased_until=now + late_facts.ASK_AGAIN_AFTER)


def _hand_over(pk: int, now: datetime) -> bool:
    """Stripe does not let us read the invoice: without it nobody is chased (R143), but nobody is forgotten either."""
    enrolment = _with_facts(pk)
    with transaction.atomic():
        escalations.open(
            reason=Escalation.Reason.BILLING_SYNC,
            summary="A failed payment is not followed up, because its invoice cannot be read at Stripe. Look there.",
            patient=enrolment.membership.patient,
            location=enrolment.membership.location,
            now=now,
        )
        return _end(enrolment, "invoice not readable", now)


def _advance_one(enrolment: Enrolment, now: datetime) -> bool:
    """One step, if what it is about is still true. Stripe is asked before the transaction begins (R143)."""
    pointless = late_facts.no_longer_true(enrolment, now=now) or late_facts.no_longer_true_at_stripe(enrolment)
    own_steps = list(enrolment.steps)
    due = next((step for step in own_steps if step.position >= enrolment.next_step), None)
    prepared = None if pointless or due is None else steps.prepare(due, enrolment, now=now)
    with transaction.atomic():
        if pointless:
            return _end_untrue(enrolment, pointless, now)
        after = next((step for step in own_steps if due and step.position > due.position), None)
        again = due is not None and due.position == 0 and late_facts.failed_lately_before(enrolment)
        if not (_to_a_person(enrolment, own_steps[-1], now) if again else _move(enrolment, after, now)):
            return False  # stopped meanwhile
        if due and due.channel == Step.Channel.SMS and late_facts.is_in_soon(enrolment, now):
            handovers.ask_at_check_in(enrolment, now=now)
        elif due and prepared:
            steps.take(due, prepared, enrolment, now=now)
    return True


def _move(enrolment: Enrolment, after: Step | None, now: datetime) -> bool:
    mine = Enrolment.objects.filter(pk=enrolment.pk, status=Status.RUNNING, next_step=enrolment.next_step)
    if after is None:
        finished = claim(mine, **_ended(gate.FINISHED, now))
        if finished:
            _trace("ended", enrolment, now, because=gate.FINISHED)
        return finished
    # After an outage the steps that were missed do not all come at once.
    next_at = max(_on_day(enrolment, after), now + timedelta(days=1))
    return claim(mine, next_step=after.position, next_at=next_at, leased_until=None)


def _to_a_person(enrolment: Enrolment, last: Step, now: datetime) -> bool:
    """A payment that fails again within 90 days: one text, then the last step at once (settled.md 14)."""
    mine = Enrolment.objects.filter(pk=enrolment.pk, status=Status.RUNNING, next_step=enrolment.next_step)
    return claim(mine, next_step=last.position, next_at=now, leased_until=None)


def _end_untrue(enrolment: Enrolment, why: late_facts.NoLongerTrue, now: datetime) -> bool:
    if why in _STILL_OWED and enrolment.sequence.slug == Sequence.Slug.PAYMENT_RECOVERY:
        escalations.open(  # what is still owed is not forgotten with the texts
            reason=Escalation.Reason.PAYMENT,
            summary=_STILL_OWED[why],
            patient=enrolment.membership.patient,
            location=enrolment.membership.location,
            now=now,
        )
    return _end(enrolment, why.code, now)


def _on_day(enrolment: Enrolment, step: Step) -> datetime:
    """The step's day after the start, at its own hour or the hour of the start on the patient's clock."""
    zone = ZoneInfo(enrolment.membership.patient.zone)
    begun = enrolment.started_at.astimezone(zone)
    at = begun.time() if step.hour is None else time(step.hour)
    return datetime.combine(begun.date() + timedelta(days=step.day), at, tzinfo=zone)


def _end(enrolment: Enrolment, because: str, now: datetime) -> bool:
    if not claim(Enrolment.objects.filter(pk=enrolment.pk, status=Status.RUNNING), **_ended(because, now)):
        return False
    enrolment.messages.filter(status=Message.Status.QUEUED).update(
        status=Message.Status.DROPPED, reason=f"The sequence ended: {because}."[:200]
    )
    _trace("ended", enrolment, now, because=because)
    return True


def _ended(because: str, now: datetime) -> dict[str, object]:
    return {
        "status": Status.ENDED,
        "next_at": None,
        "leased_until": None,
        "ended_at": now,
        "ended_because": because[:80],
    }


def _trace(act: str, enrolment: Enrolment, now: datetime, **more: str) -> None:
    data = {"enrolment": enrolment.pk, "sequence": enrolment.sequence.slug, "cause": enrolment.cause, **more}
    audit.record(f"enrolment.{act}", actor="system", patient=enrolment.membership.patient, now=now, data=data)
