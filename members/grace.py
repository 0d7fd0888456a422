"""The end of the grace period: who stays past due is paused or cancelled, by the rule of the plan, never silently.

It runs from the first failure; days and consequence stand on the plan's version (settled.md 14). Until then the
benefits are the plan's matter too (`usable_while_past_due`).
"""

import logging
from datetime import datetime, timedelta

from django.db import transaction

from common.rounds import in_time
from members import audit, billing, disputes, escalations, stripe_gateway
from members.models import BillingChange, Escalation, Invoice, Membership, PlanVersion

log = logging.getLogger(__name__)

AfterGrace = PlanVersion.AfterGrace
_SHORTEST = timedelta(days=1)


def ends_at(membership: Membership) -> datetime | None:
    """None for a member who is not past due."""
    if membership.past_due_since is None:
        return None
    return membership.past_due_since + timedelta(days=membership.plan_version.grace_days)


def end_due(*, now: datetime) -> int:
    """Carry out the plan's rule for everybody whose grace is over. Returns for how many."""
    late = Membership.objects.past_due().filter(
        past_due_since__lte=now - _SHORTEST, stripe_subscription_id__isnull=False
    )
    ended = 0
    for membership in in_time(list(late.select_related("plan_version", "patient", "location").order_by("pk"))):
        ends, owed = ends_at(membership), membership.invoices.owed().order_by("issued_at", "pk").first()
        if ends is None or ends > now or owed is None or disputes.is_open(membership):
            continue
        try:
            if stripe_gateway.fetch_invoice(owed.stripe_id).status in Invoice.FINAL:
                continue  # settled a moment ago: Stripe's event is on its way
            _end(membership, owed, now)
        except stripe_gateway.StripeUnavailable:
            log.warning("Stripe could not be told of the end of a grace period", extra={"membership": membership.pk})
            break  # the next round tries again
        except stripe_gateway.StripeRefused:
            _leave_to_a_person(membership, now)
            continue  # the others still get their turn
        ended += 1
    return ended


def _end(membership: Membership, owed: Invoice, now: datetime) -> None:
    subscription_id, since = str(membership.stripe_subscription_id), membership.past_due_since
    key = f"grace:{membership.pk}:{since:%Y%m%d%H%M%S}"
    rule = membership.plan_version.after_grace
    if rule == AfterGrace.CANCEL:
        stripe_gateway.cancel_now(subscription_id=subscription_id, key=key)
    else:
        stripe_gateway.pause(subscription_id=subscription_id, resumes_at=None, key=key)
    told = billing.nudge(what="subscription", object_id=subscription_id, key=key, now=now)
    billing.apply(told.pk, now=now)
    done = "cancelled" if rule == AfterGrace.CANCEL else "paused"
    with transaction.atomic():
        BillingChange.objects.get_or_create(
            membership=membership,
            event=told,
            defaults={"invoice": owed, "kind": BillingChange.Kind.GRACE_ENDED, "occurred_at": now},
        )
        audit.record(
            "membership.grace_ended",
            actor="system",
            patient=membership.patient,
            now=now,
            data={"membership": membership.pk, "rule": rule, "invoice": owed.stripe_id},
        )
        escalations.open(
            reason=Escalation.Reason.PAYMENT,
            summary=f"The grace period is over: by the rule of the plan the membership is {done}. {owed.amount} is "
            "still open; the patient is told by text.",
            patient=membership.patient,
            location=membership.location,
            now=now,
        )


def _leave_to_a_person(membership: Membership, now: datetime) -> None:
    escalations.open_once(
        reason=Escalation.Reason.BILLING_SYNC,
        patient=membership.patient,
        summary="The grace period is over, but Stripe refused to carry out the plan's rule. Look at the "
        "subscription and its open invoice in Stripe.",
        now=now,
    )
