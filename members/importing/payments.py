"""Payments that the scheduler charges, not Stripe: kept as invoices, so that a failed one is followed up here too.

The row is the truth, for there is nobody to ask again. A payment that is paid or void stays so.
"""

from typing import Any

from members import audit
from members.importing import references
from members.importing.batch import CREATED, UNCHANGED, UPDATED, Context, Entry
from members.importing.references import set_given
from members.importing.rows import PaymentRow
from members.models import BillingChange, Invoice, Membership

_MARK = "ext_"  # keeps their ids apart from Stripe's, which begin with in_
_STATUS = {"failed": Invoice.Status.OPEN, "paid": Invoice.Status.PAID, "void": Invoice.Status.VOID}
Kind = BillingChange.Kind


class PaymentWriter:
    row_model = PaymentRow

    def plan(self, entries: list[Entry], context: Context) -> None:
        memberships = Membership.objects.select_related("patient", "location").in_bulk(
            [entry.row.membership for entry in entries], field_name="external_id"
        )
        known = Invoice.objects.in_bulk([_id(entry.row) for entry in entries], field_name="stripe_id")
        for entry in entries:
            membership = memberships.get(entry.row.membership)
            if membership is None:
                entry.refuse(
                    "membership", f"There is no membership with the id “{entry.row.membership}”. Send it first."
                )
            elif membership.stripe_subscription_id:
                entry.refuse("membership", "Stripe charges this membership, so its payments are read from Stripe.")
            else:
                _plan(entry, membership, known.get(_id(entry.row)), context)

    def write(self, entries: list[Entry], context: Context) -> None:
        for entry in entries:
            _write(entry, context)


def _id(row: PaymentRow) -> str:
    return f"{_MARK}{row.external_id}"


def _plan(entry: Entry, membership: Membership, known: Invoice | None, context: Context) -> None:
    row: PaymentRow = entry.row
    charged_at = references.aware(row.charged_at, membership.location.time_zone)
    if charged_at > context.now:
        entry.refuse("charged_at", "This payment is still to come. Send it when it was tried.")
    if known and known.membership_id != membership.pk:
        entry.refuse("membership", "This payment belongs to another membership.")
    if known and known.status in Invoice.FINAL and known.status != _STATUS[row.status]:
        entry.refuse("status", f"This payment is {known.get_status_display().lower()} and stays so.")
    if entry.is_refused:
        return
    invoice = known or Invoice(stripe_id=_id(row), issued_at=charged_at, charged_by=Invoice.ChargedBy.SCHEDULER)
    invoice.membership = membership
    changed = set_given(invoice, _given(row, membership, charged_at, invoice))
    entry.instance = (invoice, changed)
    entry.outcome = CREATED if known is None else UPDATED if changed else UNCHANGED


def _given(row: PaymentRow, membership: Membership, charged_at: Any, invoice: Invoice) -> dict[str, Any]:
    zone = membership.location.time_zone
    failed = row.status == "failed"
    return {
        "status": _STATUS[row.status],
        "amount_due_cents": row.amount_cents,
        "amount_remaining_cents": row.amount_cents if failed else 0,
        "currency": row.currency,
        "attempt_count": row.attempt,
        "decline_code": row.decline_code,
        "next_attempt_at": references.aware(row.next_attempt_at, zone) if row.next_attempt_at else None,
        "paid_at": charged_at if row.status == "paid" and invoice.paid_at is None else None,
        "first_failed_at": charged_at if failed and invoice.first_failed_at is None else None,
        "pay_url": row.pay_url,
    }


def _write(entry: Entry, context: Context) -> None:
    invoice, _ = entry.instance
    failed_before = bool(invoice.pk and Invoice.objects.filter(pk=invoice.pk, first_failed_at__isnull=False).exists())
    invoice.save()
    if invoice.needs_payment:
        _state(Kind.PAYMENT_FAILED, invoice, context)
    elif failed_before:
        _state(Kind.PAYMENT_SETTLED, invoice, context)


def _state(kind: str, invoice: Invoice, context: Context) -> None:
    """One fact a payment, kind and attempt: what was told before is not told again."""
    _, new = BillingChange.objects.get_or_create(
        invoice=invoice,
        kind=kind,
        attempt=invoice.attempt_count,
        event=None,
        defaults={"membership": invoice.membership, "occurred_at": context.now},
    )
    if new:
        audit.record(
            f"billing.{kind}",
            actor=context.actor,
            patient=invoice.membership.patient,
            now=context.now,
            data={"invoice": invoice.stripe_id, "status": invoice.status, "attempt": invoice.attempt_count},
        )
