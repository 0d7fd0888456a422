"""What a change of plan costs today, to the cent, as Stripe itself would bill it."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import stripe

from members.stripe_gateway.connection import client, errors_named
from members.stripe_gateway.facts import at

if TYPE_CHECKING:
    from stripe.params import InvoiceCreatePreviewParams


@dataclass(frozen=True)
class PreviewLine:
    description: str
    amount_cents: int


@dataclass(frozen=True)
class ChangePreview:
    """`prorated_at` is what the change must be made with, so that it costs what was shown (R150)."""

    amount_due_cents: int
    currency: str
    lines: tuple[PreviewLine, ...]
    prorated_at: datetime
    next_charge_at: datetime


def preview_change(*, subscription_id: str, price_id: str, prorated_at: datetime) -> ChangePreview:
    """Another price from now on, the difference charged at once."""
    with errors_named():
        found = client().v1.subscriptions.retrieve(subscription_id)
        item = found.items.data[0]
        wanted: InvoiceCreatePreviewParams = {
            "subscription": subscription_id,
            "subscription_details": {
                "items": [{"id": item.id, "price": price_id}],
                "proration_behavior": "always_invoice",
                "proration_date": int(prorated_at.timestamp()),
            },
        }
        bill = client().v1.invoices.create_preview(wanted)
    # A change of interval starts a new period, which is the longest on the bill; else the present period goes on.
    ends = max([item.current_period_end, *(line.period.end for line in bill.lines.data)])
    return _preview(bill, prorated_at, at(ends))


def preview_start(*, customer_id: str, price_id: str, now: datetime) -> ChangePreview:
    """A new subscription: its first invoice."""
    with errors_named():
        bill = client().v1.invoices.create_preview(
            {"customer": customer_id, "subscription_details": {"items": [{"price": price_id}]}}
        )
    return _preview(bill, now, at(max(line.period.end for line in bill.lines.data)))


def _preview(bill: stripe.Invoice, prorated_at: datetime, next_charge_at: datetime) -> ChangePreview:
    return ChangePreview(
        amount_due_cents=bill.amount_due,
        currency=bill.currency,
        lines=tuple(PreviewLine(line.description or "", line.amount) for line in bill.lines.data),
        prorated_at=prorated_at,
        next_charge_at=next_charge_at,
    )
