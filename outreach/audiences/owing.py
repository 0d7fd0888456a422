"""Wednesday: failed payments. The net under the webhooks: whoever is already in recovery is skipped."""

from typing import Any

from django.db.models import (
    BigIntegerField,
    Case,
    CharField,
    Count,
    Exists,
    F,
    FilteredRelation,
    IntegerField,
    OuterRef,
    Q,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce, Concat, JSONObject

from members.models import Dispute, Invoice, Membership
from outreach.audiences.base import Moment, Selection, code, skip, whys
from outreach.late_facts import INTERRUPTED
from outreach.models import Enrolment, Sequence

SLUG = Sequence.Slug.PAYMENT_RECOVERY


def select(moment: Moment) -> Selection:
    """Every open invoice of which a charge has failed, and every membership that is past due without one."""
    failed = FilteredRelation(
        "invoices",
        condition=Q(
            invoices__status=Invoice.Status.OPEN,
            invoices__amount_remaining_cents__gt=0,
            invoices__first_failed_at__isnull=False,
        ),
    )
    rows = Membership.objects.annotate(failed=failed)
    rows = rows.filter(Q(failed__isnull=False) | Q(status=Membership.Status.PAST_DUE))
    rows = rows.annotate(about=Concat(Value("invoice:"), F("failed__stripe_id")))
    rows = rows.annotate(**_earlier(moment)).annotate(cause=_cause())
    return Selection(
        rows=rows,
        sequence=Case(default=moment.pk(SLUG), output_field=BigIntegerField()),
        cause=F("cause"),
        why=whys(
            *(() if SLUG in moment.live else (skip(Q(pk__isnull=False), "switched_off"),)),
            skip(Q(failed__isnull=True), "no_invoice"),
            skip(Q(status=Membership.Status.PAUSED), "paused"),
            skip(Q(status__in=(Membership.Status.CANCELLED, Membership.Status.LAPSED)), "ended"),
            skip(Exists(Dispute.objects.filter(membership=OuterRef("pk"), closed_at__isnull=True)), "dispute"),
            skip(Q(earlier__gt=0) & ~Q(last_ended__in=INTERRUPTED), "in_recovery"),
        ),
        signals=_signals(),
    )


def _earlier(moment: Moment) -> dict[str, Any]:
    """How many recoveries the invoice had, and how the last one ended: `late_facts.cause_of` for all at once."""
    recoveries = Enrolment.objects.filter(
        membership=OuterRef("pk"), sequence=moment.sequences[SLUG].pk, cause__startswith=OuterRef("about")
    )
    counted = recoveries.order_by().values("membership").annotate(count=Count("pk")).values("count")
    return {
        "earlier": Coalesce(Subquery(counted[:1], output_field=IntegerField()), 0),
        "last_ended": Subquery(recoveries.order_by("-pk").values("ended_because")[:1]),
    }


def _cause() -> Case:
    """The invoice, with a number for a recovery that begins anew after one that was cut short."""
    again = Concat(F("about"), Value(":"), Cast(F("earlier") + 1, CharField()))
    return Case(When(earlier__gt=0, last_ended__in=INTERRUPTED, then=again), default=F("about"))


def _signals() -> Any:
    return JSONObject(attempts=F("failed__attempt_count"), decline=F("failed__decline_code"), seen_by=code("cadence"))
