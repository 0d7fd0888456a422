"""Wednesday: failed payments. The net under the webhooks: whoever is already in recovery is skipped."""

from typing import Any

from django.db.models import BigIntegerField, Case, F, FilteredRelation, Q, Value
from django.db.models.functions import Concat, JSONObject

from members.models import Invoice, Membership
from outreach.audiences.base import Moment, Selection, code, enrolled, skip, whys
from outreach.models import Sequence

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
    rows = rows.annotate(cause=Concat(Value("invoice:"), F("failed__stripe_id")))
    return Selection(
        rows=rows,
        sequence=Case(default=moment.pk(SLUG), output_field=BigIntegerField()),
        cause=F("cause"),
        why=whys(
            *(() if SLUG in moment.live else (skip(Q(pk__isnull=False), "switched_off"),)),
            skip(Q(failed__isnull=True), "no_invoice"),
            skip(Q(status=Membership.Status.PAUSED), "paused"),
            skip(Q(status__in=(Membership.Status.CANCELLED, Membership.Status.LAPSED)), "ended"),
            skip(enrolled("cause", [moment.sequences[SLUG].pk]), "in_recovery"),
        ),
        signals=_signals(),
    )


def _signals() -> Any:
    return JSONObject(attempts=F("failed__attempt_count"), decline=F("failed__decline_code"), seen_by=code("cadence"))
