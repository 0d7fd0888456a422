"""Whose card fails in played time, and who puts it right: the same each time, about as often as in life."""

from datetime import datetime
from random import Random

from members.stripe_standin import charging, playing, store
from members.stripe_standin.cards import behind
from members.stripe_standin.store import Body
from members.stripe_standin.timeline import Due

# Of a hundred renewals: not enough money on it, reported lost, expired, the bank asks the patient.
_TROUBLES = (
    (0.05, "insufficient_funds"),
    (0.07, "lost_card"),
    (0.08, "expired_card"),
    (0.085, "authentication_required"),
)
_HEALS = 0.55  # before each of Stripe's retries: the money came, or the patient left a new card


def decide(due: Due, now: datetime) -> None:
    """Before a charge: perhaps the card goes bad; before a retry: perhaps it is good again."""
    dice = Random(f"{due.what}:{due.body['id']}:{int(due.at.timestamp())}").random()  # noqa: S311  (no secret)
    if due.what == "renew" and _pays(due.body):
        trouble = next((card for limit, card in _TROUBLES if dice < limit), "")
        if trouble:
            playing.give_card(due.body["customer"], trouble, now=now)
    elif due.what == "retry" and dice < _HEALS:
        playing.give_card(due.body["customer"], "visa", now=now)


def _pays(subscription: Body) -> bool:
    owner = store.get("customer", subscription["customer"])
    card = charging.card_for(subscription, owner["id"])
    return card is not None and behind(card).pays
