"""An offer worked out: rules asked, Stripe's own preview read, nothing written."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from common import clock
from common.errors import Refused
from members import stripe_gateway
from members.joining import rules, states
from members.models import Membership, PlanVersion, Quote
from members.quotes import terms

Act = Quote.Act
LIFETIME = timedelta(hours=48)  # R90


@dataclass(frozen=True)
class Wish:
    """What somebody wants; fields that an act does not need are left out."""

    act: str
    version: PlanVersion | None = None
    months: int = 1
    freeze: str = ""
    reason: str = ""
    at_once: bool = False  # a cancellation now, for the early-end fee
    prorated_at: datetime | None = None  # of an earlier quote, whose price must come out again


def draft(membership: Membership, wish: Wish, *, actor: str, now: datetime) -> Quote:
    """Unsaved. Raises Refused with a sentence for the patient; StripeUnavailable, StripeRefused from the preview."""
    act = _exact_act(membership, wish)
    states.require(membership, act)
    if not membership.stripe_customer_id or (act != Act.RESTART and not _is_billed(membership, act)):
        raise Refused("This membership is not billed through this page. Please call us.", code="not_billed")
    quote = Quote(
        membership=membership,
        act=act,
        plan_version=wish.version or membership.plan_version,
        currency=membership.plan_version.currency,
        reason=wish.reason,
        takes_effect_at=now,
        code=_code(act),
        offered_by=actor,
        created_at=now,
        expires_at=now + LIFETIME,
    )
    _FILL[Act(act)](quote, wish, now)
    quote.terms = [list(term) for term in terms.of(quote, membership, now=now)]
    return quote


def wish_of(quote: Quote) -> Wish:
    """What the quote was made from, to make it again."""
    changes_plan = quote.act in (Act.UPGRADE, Act.DOWNGRADE, Act.RESTART, Act.START)
    began = quote.membership.current_period_start
    renewed = bool(quote.prorated_at and began and quote.prorated_at < began)  # that price cannot come out again
    return Wish(
        act=quote.act,
        version=quote.plan_version if changes_plan else None,
        months=quote.months,
        freeze=quote.freeze,
        reason=quote.reason,
        at_once=quote.ends_at_once,
        prorated_at=None if renewed else quote.prorated_at,
    )


def same(one: Quote, other: Quote) -> bool:
    """Whether both say the same to the patient and cost the same."""
    return (one.act, one.plan_version_id, one.due_cents, one.terms) == (
        other.act,
        other.plan_version_id,
        other.due_cents,
        other.terms,
    )


def _is_billed(membership: Membership, act: str) -> bool:
    return act == Act.START or bool(membership.stripe_subscription_id)


def _exact_act(membership: Membership, wish: Wish) -> str:
    """A dearer plan begins now, any other one with the next period."""
    if wish.act not in (Act.UPGRADE, Act.DOWNGRADE) or wish.version is None:
        return wish.act
    dearer = wish.version.price_cents > membership.plan_version.price_cents
    return Act.UPGRADE if dearer else Act.DOWNGRADE


def _sold(quote: Quote, now: datetime) -> None:
    version = quote.plan_version
    if version != version.plan.version_at(now) or not version.stripe_price_id:
        raise Refused(f"{version.plan.name} is not sold in this form any more.", code="not_sold")


def _another_plan(quote: Quote, now: datetime) -> None:
    _sold(quote, now)
    if quote.plan_version.plan_id == quote.membership.plan_id:
        raise Refused(f"You are on {quote.membership.plan.name} already.", code="same_plan")


def _start(quote: Quote, wish: Wish, now: datetime) -> None:
    _sold(quote, now)
    restarts = Quote.objects.filter(membership=quote.membership.restarted_from_id, state=Quote.State.ACCEPTED)
    if quote.act == Act.START and restarts.exists():  # Stripe may have charged for it: only its answer is missing
        raise Refused("A restart of this membership is being made. Please wait for it.", code="under_way")
    shown = stripe_gateway.preview_start(
        customer_id=quote.membership.stripe_customer_id, price_id=quote.plan_version.stripe_price_id, now=now
    )
    quote.due_cents, quote.currency, quote.next_charge_at = shown.amount_due_cents, shown.currency, shown.next_charge_at


def _upgrade(quote: Quote, wish: Wish, now: datetime) -> None:
    _another_plan(quote, now)
    shown = stripe_gateway.preview_change(
        subscription_id=str(quote.membership.stripe_subscription_id),
        price_id=quote.plan_version.stripe_price_id,
        prorated_at=wish.prorated_at or now.replace(microsecond=0),
    )
    quote.due_cents, quote.currency, quote.next_charge_at = shown.amount_due_cents, shown.currency, shown.next_charge_at
    quote.prorated_at = shown.prorated_at


def _downgrade(quote: Quote, wish: Wish, now: datetime) -> None:
    _another_plan(quote, now)
    membership = quote.membership
    if (minimum := rules.minimum_sentence(membership, now)) and quote.plan_version.price_cents < _price(membership):
        raise Refused(f"{minimum} You can change to a lower plan then.", code="minimum_term")
    quote.takes_effect_at = quote.next_charge_at = rules.next_period_end(membership, now)


def _pause(quote: Quote, wish: Wish, now: datetime) -> None:
    membership = quote.membership
    offered = membership.plan_version.freezes_offered
    quote.freeze = wish.freeze or (offered[0] if offered else "")
    quote.months = wish.months
    rules.require_freeze(membership, months=quote.months, freeze=quote.freeze, now=now)
    ends = rules.next_period_end(membership, now)
    quote.due_cents = membership.plan_version.freeze_fee_cents
    unpaid = membership.status == Membership.Status.PAST_DUE
    # An unpaid period is the first that is skipped; a paid one goes on to its end.
    quote.takes_effect_at = now if unpaid else ends
    quote.next_charge_at = clock.months_later(ends, quote.months - 1 if unpaid else quote.months)


def _goes_on(quote: Quote, wish: Wish, now: datetime) -> None:
    quote.next_charge_at = rules.next_period_end(quote.membership, now)


def _cancel(quote: Quote, wish: Wish, now: datetime) -> None:
    if wish.at_once:
        quote.due_cents = rules.require_early_end(quote.membership, now)
        return
    quote.takes_effect_at = rules.earliest_end(quote.membership, now)


def _price(membership: Membership) -> int:
    return membership.plan_version.price_cents


def _code(act: str) -> str:
    """Short enough to type, of one offer alone: 'U4821'."""
    return f"{act[0].upper()}{secrets.randbelow(9000) + 1000}"


_FILL = {
    Act.START: _start,
    Act.UPGRADE: _upgrade,
    Act.DOWNGRADE: _downgrade,
    Act.PAUSE: _pause,
    Act.RESUME: _goes_on,
    Act.CANCEL: _cancel,
    Act.KEEP: _goes_on,
    Act.RESTART: _start,
}
