"""R122-R124: after patients texted card numbers, none of their digits is in a table, the queue or a log line."""

import json
import logging

import pytest
from django.apps import apps
from django.core import serializers
from django_q.models import OrmQ
from django_q.signing import SignedPackage

from common import clock
from medspa import ticking
from members.stripe_standin import playing
from members.stripe_standin.cards import CARDS
from outreach import playbooks
from outreach.transports import phonebook
from tests import factories
from tests.doubles.subscribed import subscribed_member

pytestmark = pytest.mark.django_db

# Test numbers of the card networks, in the ways people type them.
CORPUS = {
    "my card is 4242424242424242 exp 12/29 cvv 123": "4242424242424242",
    "4242 4242 4242 4242": "4242424242424242",
    "4000-0000-0000-0341 cvc 999": "4000000000000341",
    "use 5555.5555.5555.4444 please": "5555555555554444",
    "amex 3782 822463 10005": "378282246310005",
    "６０１１１１１１１１１１１１１７": "6011111111111117",
    "it's 30569309025904, thanks": "30569309025904",
}
# The carrier's own memory and the stand-in's catalogue of test cards are the vendors' side, not ours.
_VENDORS = {"HandsetText", "StandinObject", "StandinReplay"}


def everything() -> str:
    """All rows of all our tables, and what waits in the queue."""
    ours = [model for model in apps.get_models() if model.__name__ not in _VENDORS and model is not OrmQ]
    rows = "".join(serializers.serialize("json", model._default_manager.all()) for model in ours)
    return rows + "".join(str(SignedPackage.loads(task.payload)) for task in OrmQ.objects.all())


def test_no_digit_run_of_a_card_is_kept_anywhere(drain, monkeypatch, caplog):
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(clock, "now", lambda: factories.NOON)
    playbooks.install()
    member = subscribed_member()
    for text in CORPUS:
        phonebook.type_text(member.patient.phone, text, factories.NOON)
        drain()
    ticking.tick(now=factories.NOON)
    drain()

    kept = everything() + caplog.text

    for text, number in CORPUS.items():
        assert number not in kept, text
        assert text not in kept
    assert "cvv 123" not in kept


def test_no_event_and_no_row_of_stripes_holds_a_card_number(drain, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: factories.NOON)
    member = subscribed_member()
    playing.give_card(member.stripe_customer_id, "lost_card", now=factories.NOON)
    playing.renew(str(member.stripe_subscription_id), now=factories.NOON)
    drain()

    kept = json.dumps(everything())

    assert all(card.number not in kept for card in CARDS.values())
    assert "whsec_" not in kept
    assert "sk_test_" not in kept
