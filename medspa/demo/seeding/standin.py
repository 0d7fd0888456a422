"""The same customers, cards, subscriptions and invoices in the Stripe stand-in, so that it and our rows agree."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from medspa.demo.seeding.lives import Life, Period
from medspa.demo.seeding.practice import House
from members.models import Membership, StandinObject
from members.stripe_standin import building
from members.stripe_standin.building import Body

Status = Membership.Status
_STATUSES = {Status.PAST_DUE: "past_due", Status.CANCELLED: "canceled", Status.LAPSED: "canceled"}
_PAUSE = timedelta(days=45)


def save(house: House, lives: list[Life], now: datetime) -> None:
    opened = min(life.started_at for life in lives) - timedelta(days=30)
    prices: dict[int, Body] = {}
    sold: list[Body] = []
    for name, versions in house.offer.versions.items():
        product = building.product(f"prod_demo_{name.lower()}", name=f"{name} membership", created=opened)
        sold.append(product)
        for version in versions:
            prices[version.pk] = building.price(
                version.stripe_price_id, product=product["id"], unit_amount=version.price_cents, created=opened
            )
            sold.append(prices[version.pk])
    bodies = [body for life in lives for body in _of(life, prices[life.version.pk], now)]
    StandinObject.objects.bulk_create(building.rows(*sold, *bodies), batch_size=400)


def _of(life: Life, price: Body, now: datetime) -> Iterator[Body]:
    last = life.periods[-1]
    customer = building.customer(
        life.customer_id,
        created=life.started_at,
        default_payment_method=life.card_id,
        name=life.patient.full_name,
        email=life.patient.email,
        phone=life.persona.number or None,
        next_invoice_sequence=last.number + 1,
    )
    yield customer
    card = _card(life)
    yield card
    subscription = _subscription(life, price, now)
    yield subscription
    for period in life.periods:
        yield from _charge(life, period, subscription, card, now)


def _card(life: Life) -> Body:
    assert life.membership is not None  # noqa: S101  (saved before the stand-in is)
    last = life.periods[-1]
    return building.payment_method(
        life.card_id,
        customer=life.customer_id,
        created=life.started_at,
        card=last.decline_code if last.failed_at and not last.paid_at else "visa",
        brand=life.membership.card_brand,
        last4=life.membership.card_last4,
    )


def _subscription(life: Life, price: Body, now: datetime) -> Body:
    last, standing = life.periods[-1], life.persona.standing
    body = building.subscription(
        life.subscription_id,
        customer=life.customer_id,
        price=price,
        created=life.started_at,
        period_start=last.start,
        period_end=last.end,
        status=_STATUSES.get(Status(standing), "active"),
        default_payment_method=life.card_id,
        latest_invoice=life.invoice_id(last),
    )
    if standing == Status.PAUSED:
        body["pause_collection"] = {"behavior": "void", "resumes_at": int((now + _PAUSE).timestamp())}
    if standing == Status.CANCELLING:
        body["cancel_at_period_end"] = True
        body["cancel_at"] = int(last.end.timestamp())
        body["canceled_at"] = int(last.start.timestamp())
    if life.ended_at:
        body["ended_at"] = body["canceled_at"] = int(life.ended_at.timestamp())
    return body


def _charge(life: Life, period: Period, subscription: Body, card: Body, now: datetime) -> Iterator[Body]:
    ident = life.invoice_id(period)
    open_status = "uncollectible" if life.persona.standing == Status.LAPSED else "open"
    retry_at = period.failed_at + timedelta(days=3) * period.attempts if period.failed_at else None
    invoice = building.invoice(
        ident,
        subscription=subscription,
        number=life.invoice_number(period),
        created=period.start,
        period_start=period.start,
        period_end=period.end,
        status="paid" if period.paid_at else open_status,
        billing_reason="subscription_create" if period.number == 1 else "subscription_cycle",
        attempt_count=period.attempts,
        next_payment_attempt=retry_at if open_status == "open" and not period.paid_at else None,
        paid_at=period.paid_at,
        description=f"{life.plan.name} membership",
    )
    intent = building.payment_intent(
        f"pi_{ident}",
        invoice=invoice,
        created=period.start,
        paid_with=life.card_id if period.paid_at else None,
        declined=None if period.paid_at else card,
    )
    yield invoice
    yield intent
    yield building.invoice_payment(
        f"inpay_{ident}",
        invoice=invoice,
        payment_intent=intent["id"],
        created=period.start,
        status="paid" if period.paid_at else "open",
        paid_at=period.paid_at,
    )
