"""Our rows compared with Stripe's: what was missed in an outage, and what differs for whatever reason (R134).

A job row carries the cursor; each chunk is claimed, small, and may be done over. Repairs are nudges: the live object is
applied by the same verb as after a webhook. Without `repair` nothing is changed, only listed.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q

from common.claims import claim
from common.errors import Refused
from common.rounds import in_time
from members import audit, billing, drifts, escalations, stripe_gateway
from members.models import Escalation, Invoice, Membership, Reconciliation, StripeEvent

log = logging.getLogger(__name__)

Stage = Reconciliation.Stage
LEASE = timedelta(minutes=2)
EVENTS_KEPT = timedelta(days=29)  # by Stripe: 30
OVERLAP = timedelta(hours=1)
_ROWS = 50
_NEXT = dict(zip(list(Stage), list(Stage)[1:], strict=False))


def start(*, repair: bool, actor: str, now: datetime) -> Reconciliation:
    """Queue a comparison; a recurring job, or `run`, does it. Raises Refused while another one is under way."""
    unfinished = Reconciliation.objects.filter(finished_at__isnull=True)
    if unfinished.exists():
        raise Refused("A comparison with Stripe is under way.", code="under_way")
    last = Reconciliation.objects.filter(finished_at__isnull=False, repair=True).first()
    since = max(last.started_at - OVERLAP, now - EVENTS_KEPT) if last else now - EVENTS_KEPT
    try:
        with transaction.atomic():
            run = Reconciliation.objects.create(repair=repair, asked_by=actor, since=since, started_at=now)
            audit.record("reconciliation.started", actor=actor, patient=None, now=now, data={"repair": repair})
    except IntegrityError:
        raise Refused("A comparison with Stripe is under way.", code="under_way") from None
    return run


def work(*, now: datetime) -> int:
    """Chunks of the comparison that is under way, as many as fit in a round. Returns how many were done."""
    done = 0
    for pk in in_time(_chunks()):
        if not advance(pk, now=now):
            break
        done += 1
    return done


def advance(pk: int, *, now: datetime) -> bool:
    """The next chunk. False when there is none, or another worker has it, or Stripe cannot be asked now."""
    free = Q(leased_until__isnull=True) | Q(leased_until__lte=now)
    if not claim(Reconciliation.objects.filter(free, pk=pk, finished_at__isnull=True), leased_until=now + LEASE):
        return False
    run = Reconciliation.objects.get(pk=pk)
    try:
        cursor, checked = _STAGES[Stage(run.stage)](run, now)
    except stripe_gateway.StripeUnavailable as error:
        log.warning("Stripe could not be asked for the comparison")
        Reconciliation.objects.filter(pk=pk).update(error=str(error)[:300])  # leased: tried again in a while
        return False
    if cursor:
        Reconciliation.objects.filter(pk=pk).update(
            cursor=cursor, checked=run.checked + checked, leased_until=None, error=""
        )
        return True
    run.stage, run.cursor, run.checked = _NEXT[Stage(run.stage)], "", run.checked + checked
    run.leased_until, run.error = None, ""
    if run.stage == Stage.DONE:
        _finish(run, now)
    run.save()
    return True


def run(*, repair: bool, actor: str, now: datetime) -> Reconciliation:
    """Start one and do it to its end, in this process. Raises Refused, StripeUnavailable."""
    job = start(repair=repair, actor=actor, now=now)
    while advance(job.pk, now=now):
        pass
    job.refresh_from_db()
    if job.finished_at is None:
        raise stripe_gateway.StripeUnavailable(job.error)
    return job


def _chunks() -> "list[int]":
    pk = Reconciliation.objects.filter(finished_at__isnull=True).values_list("pk", flat=True).first()
    return [] if pk is None else [pk] * 1000


def _events(run: Reconciliation, now: datetime) -> tuple[str, int]:
    page = stripe_gateway.events_page(since=run.since, after=run.cursor)
    wanted = [event for event in page if event["type"] in billing.ACTED_ON]
    known = {row.stripe_id: row for row in StripeEvent.objects.filter(stripe_id__in=[each["id"] for each in wanted])}
    for event in reversed(wanted):  # the oldest first, as they happened
        stored = known.get(event["id"])
        if stored is None:
            drift = drifts.missed(run, event)
            stored = billing.record(event=event, now=now) if run.repair else None
        elif stored.state in (StripeEvent.State.FAILED, StripeEvent.State.QUARANTINED):
            drift = drifts.stuck(run, stored)
            if run.repair and stored.state == StripeEvent.State.FAILED:
                billing.replay(event=stored, by=None, now=now)
        else:
            continue
        if run.repair and stored:
            drifts.settle(drift, stored, now=now)
    return page[-1]["id"] if len(page) == stripe_gateway.PAGE else "", len(page)


def _subscriptions(run: Reconciliation, now: datetime) -> tuple[str, int]:
    page = stripe_gateway.subscriptions_page(after=run.cursor)
    ids = [each.facts.id for each in page]
    ours = {
        str(each.stripe_subscription_id): each
        for each in Membership.objects.filter(stripe_subscription_id__in=ids).select_related("plan_version", "patient")
    }
    Membership.objects.filter(stripe_subscription_id__in=ids).update(reconciled_at=run.started_at)
    for listed in page:
        membership = ours.get(listed.facts.id)
        drift = drifts.of_subscription(run, listed, membership)
        if drift and membership and run.repair:
            key = f"{run.pk}:{listed.facts.id}"
            nudged = billing.nudge(what="subscription", object_id=listed.facts.id, key=key, now=now)
            drifts.settle(drift, nudged, now=now)
    return ids[-1] if len(page) == stripe_gateway.PAGE else "", len(page)


def _absent(run: Reconciliation, now: datetime) -> tuple[str, int]:
    """Memberships that should be charged and were in no page of Stripe's list."""
    unseen = Q(reconciled_at__isnull=True) | Q(reconciled_at__lt=run.started_at)
    at_stripe = Membership.objects.current().filter(unseen, stripe_subscription_id__isnull=False)
    rows = list(at_stripe.filter(pk__gt=int(run.cursor or 0)).order_by("pk")[:_ROWS])
    for membership in rows:
        drifts.absent(run, membership)
    return str(rows[-1].pk) if len(rows) == _ROWS else "", len(rows)


def _open_invoices(run: Reconciliation, now: datetime) -> tuple[str, int]:
    page = stripe_gateway.open_invoices_page(after=run.cursor)
    known = {row.stripe_id: row for row in Invoice.objects.filter(stripe_id__in=[each.id for each in page])}
    members = Membership.objects.filter(stripe_subscription_id__in=[each.subscription_id for each in page])
    ours = {str(each.stripe_subscription_id): each for each in members}
    for live in page:
        if membership := ours.get(live.subscription_id):
            _compare(run, live, known.get(live.id), membership, now)
    return page[-1].id if len(page) == stripe_gateway.PAGE else "", len(page)


def _unpaid(run: Reconciliation, now: datetime) -> tuple[str, int]:
    """Invoices that are open here: those that are not at Stripe any more are told apart by asking for each."""
    unpaid = Invoice.objects.at_stripe().filter(status=Invoice.Status.OPEN, pk__gt=int(run.cursor or 0))
    rows = list(unpaid.select_related("membership").order_by("pk")[:_ROWS])
    for invoice in rows:
        try:
            live = stripe_gateway.fetch_invoice(invoice.stripe_id)
        except stripe_gateway.StripeRefused:
            drifts.unknown_invoice(run, invoice)
            continue
        _compare(run, live, invoice, invoice.membership, now)
    return str(rows[-1].pk) if len(rows) == _ROWS else "", len(rows)


def _compare(
    run: Reconciliation,
    live: stripe_gateway.InvoiceFacts,
    invoice: Invoice | None,
    membership: Membership,
    now: datetime,
) -> None:
    drift = drifts.of_invoice(run, live, invoice, membership)
    if drift and run.repair:
        nudged = billing.nudge(what="invoice", object_id=live.id, key=f"{run.pk}:{live.id}", now=now)
        drifts.settle(drift, nudged, now=now)


def _finish(run: Reconciliation, now: datetime) -> None:
    run.finished_at, run.runs = now, None
    left = run.drifts.filter(repaired_at__isnull=True).count()
    found = {"checked": run.checked, "drift": run.drifts.count(), "left": left}
    audit.record("reconciliation.finished", actor=run.asked_by, patient=None, now=now, data=found)
    if left and run.repair:
        escalations.open(
            reason=Escalation.Reason.BILLING_SYNC,
            summary=f"The comparison with Stripe left {left} difference{'s' * (left != 1)} for a person to settle. See "
            "Payments, “Compared with Stripe”.",
            subject="reconciliation",
            now=now,
        )


_STAGES: dict[Stage, Callable[[Reconciliation, datetime], tuple[str, int]]] = {
    Stage.EVENTS: _events,
    Stage.SUBSCRIPTIONS: _subscriptions,
    Stage.ABSENT: _absent,
    Stage.INVOICES: _open_invoices,
    Stage.UNPAID: _unpaid,
}
