"""Sequences: who is in one, what comes next, and when it ends."""

import logging
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from common.claims import claim
from common.errors import Refused
from common.rounds import in_time
from members import audit, escalations, links
from members.models import Escalation, Membership, PatientLink
from members.stripe_gateway import StripeRefused, StripeUnavailable
from outreach import gate, handovers, late_facts, outbox, playbooks, step_facts, wording
from outreach.models import Enrolment, Message, Sequence, Step

log = logging.getLogger(__name__)

Status = Enrolment.Status

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
) -> Enrolment | None:
    """Start the sequence for this cause; None if it was started for it before. The next tick takes the first step.

    The first step is due at `start_at`, or now; days count from `counts_from`, or from there.
    """
    sequence, begins = named(slug), start_at or now
    try:
        with transaction.atomic():
            enrolment = Enrolment.objects.create(
                sequence=sequence, membership=membership, cause=cause, started_at=counts_from or begins, next_at=begins
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
    facts = ("sequence", "membership__patient__home_location", "membership__location", "membership__plan")
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
    with transaction.atomic():
        if pointless:
            return _end_untrue(enrolment, pointless, now)
        steps = list(enrolment.sequence.steps.all())
        due = next((step for step in steps if step.position >= enrolment.next_step), None)
        after = next((step for step in steps if due and step.position > due.position), None)
        again = due is not None and due.position == 0 and late_facts.failed_lately_before(enrolment)
        if not (_to_a_person(enrolment, steps[-1], now) if again else _move(enrolment, after, now)):
            return False  # stopped meanwhile
        if due and due.channel == Step.Channel.SMS and late_facts.is_in_soon(enrolment, now):
            handovers.ask_at_check_in(enrolment, now=now)
        elif due:
            _take(due, enrolment, now)
    return True


def _move(enrolment: Enrolment, after: Step | None, now: datetime) -> bool:
    mine = Enrolment.objects.filter(pk=enrolment.pk, status=Status.RUNNING, next_step=enrolment.next_step)
    if after is None:
        finished = claim(mine, **_ended(gate.FINISHED, now))
        if finished:
            _trace("ended", enrolment, now, because=gate.FINISHED)
        return finished
    # After an outage the steps that were missed do not all come at once.
    next_at = max(_on_day(enrolment, after.day), now + timedelta(days=1))
    return claim(mine, next_step=after.position, next_at=next_at, leased_until=None)


def _to_a_person(enrolment: Enrolment, last: Step, now: datetime) -> bool:
    """A payment that fails again within 90 days: one text, then the last step at once (settled.md 14)."""
    mine = Enrolment.objects.filter(pk=enrolment.pk, status=Status.RUNNING, next_step=enrolment.next_step)
    return claim(mine, next_step=last.position, next_at=now, leased_until=None)


def _end_untrue(enrolment: Enrolment, why: late_facts.NoLongerTrue, now: datetime) -> bool:
    if why is late_facts.ENDED:  # what is still owed is not forgotten with the membership
        escalations.open(
            reason=Escalation.Reason.PAYMENT,
            summary="The membership has ended and a payment is still open. Collect it with the member or write it off.",
            patient=enrolment.membership.patient,
            location=enrolment.membership.location,
            now=now,
        )
    return _end(enrolment, why.code, now)


def _on_day(enrolment: Enrolment, day: int) -> datetime:
    """`day` days after the start, at the same hour on the patient's clock."""
    zone = ZoneInfo(enrolment.membership.patient.zone)
    begun = enrolment.started_at.astimezone(zone)
    return datetime.combine(begun.date() + timedelta(days=day), begun.time(), tzinfo=zone)


def _take(step: Step, enrolment: Enrolment, now: datetime) -> None:
    membership = enrolment.membership
    if step.channel == Step.Channel.STAFF:
        escalations.open(
            reason=step.kind,
            summary=wording.render(step.wording, step_facts.for_staff(enrolment, now=now)),
            patient=membership.patient,
            location=membership.location,
            now=now,
        )
        return
    body = wording.render(step_facts.wording(step, enrolment), step_facts.for_patient(enrolment))
    outbox.post(
        kind=step.kind,
        body=body,
        dedupe_key=f"enrolment:{enrolment.pk}:step:{step.position}",
        patient=membership.patient,
        location=membership.location,
        enrolment=enrolment,
        link=_link(enrolment, now) if wording.LINK in body else None,
        now=now,
    )


def _link(enrolment: Enrolment, now: datetime) -> PatientLink:
    return links.issue(
        membership=enrolment.membership,
        purpose=step_facts.link_purpose(enrolment),
        invoice=step_facts.invoice(enrolment),
        now=now,
    )


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
