"""A card that will not be good at the next charge: told of once, and only while that is true."""

from datetime import timedelta

import pytest

from members.models import Membership
from members.stripe_standin import playing, store
from outreach import expiring_cards, sequences
from outreach.models import Enrolment, Message
from tests.doubles.subscribed import subscribed_member
from tests.factories import NOON

pytestmark = pytest.mark.django_db

# The next charge of a member of these tests is on July 6.
A_WEEK_BEFORE = NOON + timedelta(days=14)


def member(month: int = 6, year: int = 2026, **fields) -> Membership:
    membership = subscribed_member(card_last4="4242", card_exp_month=month, card_exp_year=year, **fields)
    card = store.get("payment_method", f"pm_{membership.stripe_customer_id}")
    card["card"] |= {"exp_month": month, "exp_year": year}
    store.change(card)
    return membership


def test_a_card_that_expires_before_the_next_charge_is_told_of_once():
    member()

    reminded = [expiring_cards.remind(now=A_WEEK_BEFORE + timedelta(hours=hour)) for hour in range(3)]
    sequences.advance(now=A_WEEK_BEFORE)

    assert reminded == [1, 0, 0]
    text = Message.objects.get()
    assert "expires soon" in text.body
    assert "{link}" in text.body


@pytest.mark.parametrize("day", [0, 12])
def test_nobody_is_told_weeks_ahead(day):
    """Most cards are renewed by the network until then."""
    member()

    assert expiring_cards.remind(now=NOON + timedelta(days=day)) == 0


def test_a_card_that_is_good_in_the_month_of_the_charge_is_left_alone():
    member(month=7)

    assert expiring_cards.remind(now=A_WEEK_BEFORE) == 0


@pytest.mark.parametrize("status", ["paused", "past_due", "cancelling", "cancelled"])
def test_who_is_not_charged_next_is_left_alone(status):
    member(status=status)

    assert expiring_cards.remind(now=A_WEEK_BEFORE) == 0


def test_a_card_that_the_network_renews_in_time_is_not_mentioned():
    """R136: the live card is asked for before the text."""
    membership = member()
    expiring_cards.remind(now=A_WEEK_BEFORE)
    playing.renew_card(membership.stripe_customer_id, now=A_WEEK_BEFORE)

    sequences.advance(now=A_WEEK_BEFORE)

    assert Enrolment.objects.get().ended_because == "card renewed"
    assert not Message.objects.exists()
