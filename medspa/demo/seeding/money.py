"""Rows of what was charged: invoices, and for those that failed the events and facts that told us."""

from datetime import datetime, timedelta

from django.conf import settings

from medspa.demo.seeding.lives import Life, Period
from members.models import AuditEntry, BillingChange, Invoice, Membership, StripeEvent

_RETRY_AFTER = timedelta(days=3)


def save(lives: list[Life], now: datetime) -> None:
    invoices = {(life.index, period.number): _invoice(life, period, now) for life in lives for period in life.periods}
    Invoice.objects.bulk_create(invoices.values(), batch_size=500)
    troubled = [(life, period) for life in lives for period in life.periods if period.failed_at]
    failures = [(life, period, "invoice.payment_failed", period.failed_at) for life, period in troubled]
    recoveries = [(life, period, "invoice.paid", period.paid_at) for life, period in troubled if period.paid_at]
    told = [(life, period, kind, at) for life, period, kind, at in failures + recoveries if at]
    told.sort(key=lambda fact: fact[3])
    events = StripeEvent.objects.bulk_create(_event(life, period, kind, at) for life, period, kind, at in told)
    BillingChange.objects.bulk_create(
        _change(life, invoices[life.index, period.number], event, kind, at)
        for (life, period, kind, at), event in zip(told, events, strict=True)
    )
    AuditEntry.objects.bulk_create(entry for fact in told for entry in _trail(*fact))


def _invoice(life: Life, period: Period, now: datetime) -> Invoice:
    cents = life.version.price_cents
    written_off = period.paid_at is None and life.persona.standing == Membership.Status.LAPSED
    status = Invoice.Status.PAID if period.paid_at else Invoice.Status.OPEN
    retry_at = (period.failed_at or now) + _RETRY_AFTER * period.attempts
    return Invoice(
        membership=life.membership,
        stripe_id=life.invoice_id(period),
        number=life.invoice_number(period),
        status=Invoice.Status.UNCOLLECTIBLE if written_off else status,
        amount_due_cents=cents,
        amount_remaining_cents=0 if period.paid_at else cents,
        currency=life.version.currency,
        attempt_count=period.attempts,
        decline_code=period.decline_code,
        next_attempt_at=retry_at if status == Invoice.Status.OPEN and not written_off and retry_at > now else None,
        issued_at=period.start,
        paid_at=period.paid_at,
        first_failed_at=period.failed_at,
    )


def _event(life: Life, period: Period, kind: str, at: datetime) -> StripeEvent:
    invoice_id = life.invoice_id(period)
    ident = f"evt_{invoice_id}{'ok' if kind == 'invoice.paid' else 'no'}"
    return StripeEvent(
        stripe_id=ident,
        type=kind,
        api_version=settings.STRIPE_API_VERSION,
        livemode=False,
        object_id=invoice_id,
        payload={
            "id": ident,
            "object": "event",
            "type": kind,
            "api_version": settings.STRIPE_API_VERSION,
            "created": int(at.timestamp()),
            "livemode": False,
            "data": {"object": {"id": invoice_id, "object": "invoice", "customer": life.customer_id}},
        },
        state=StripeEvent.State.APPLIED,
        received_at=at,
        applied_at=at + timedelta(seconds=1),
        attempts=1,
    )


def _change(life: Life, invoice: Invoice, event: StripeEvent, kind: str, at: datetime) -> BillingChange:
    settled = kind == "invoice.paid"
    return BillingChange(
        membership=life.membership,
        event=event,
        invoice=invoice,
        kind=BillingChange.Kind.PAYMENT_SETTLED if settled else BillingChange.Kind.PAYMENT_FAILED,
        occurred_at=at,
        handled_at=at + timedelta(seconds=2),
    )


def _trail(life: Life, period: Period, kind: str, at: datetime) -> list[AuditEntry]:
    settled = kind == "invoice.paid"
    money = {"invoice": life.invoice_id(period), "cents": life.version.price_cents, "attempt": period.attempts}
    status = Membership.Status.ACTIVE if settled else Membership.Status.PAST_DUE
    assert life.membership is not None  # noqa: S101  (saved before money is)
    moved = {"membership": life.membership.pk, "to": status}
    fact = "billing.payment_settled" if settled else "billing.payment_failed"
    return [
        AuditEntry(at=at, actor="stripe", action=f"membership.{status}", patient=life.patient, data=moved),
        AuditEntry(at=at, actor="stripe", action=fact, patient=life.patient, data=money),
    ]
