"""The command that tests, demo and operators use: the real door, then the answer."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from common import clock
from members import credits
from members.models import Membership
from outreach.models import Message
from tests.factories import make_location, make_membership, make_provider, make_service

pytestmark = pytest.mark.django_db


@pytest.fixture
def member() -> Membership:
    facial = make_service()
    make_provider(make_location(), facial)
    now = clock.now()
    membership = make_membership(current_period_end=now + timedelta(days=20))
    credits.grant(
        membership=membership,
        service=facial,
        quantity=1,
        key="now",
        expires_at=now + timedelta(days=40),
        actor="stripe",
        reason="period",
        now=now - timedelta(days=1),
    )
    return membership


def say(phone, words, **options):
    out = StringIO()
    call_command("say", phone, words, stdout=out, **options)
    return out.getvalue()


def test_the_replies_are_printed(member):
    assert "Yes, you have 1 Signature Facial credit" in say(member.patient.phone, "Do I still have my facial credit?")


def test_a_number_is_taken_in_any_us_spelling(member):
    number = member.patient.phone
    assert "1 membership credit" in say(
        f"({number[2:5]}) {number[5:8]}-{number[8:]}", "how many credits do i have left"
    )


def test_json_says_what_was_understood_and_decided(member):
    told = json.loads(say(member.patient.phone, "Do I still have my facial credit?", json=True))

    assert (told["intent"], told["decision"]) == ("credit_balance", "reply")
    assert told["rule"] == "True balance, with times for the credit that expires first."
    assert len(told["replies"]) == 1
    assert "Reply 1 for" in told["replies"][0]


def test_keywords_and_repeats_are_told_too(member):
    say(member.patient.phone, "what about the peel")
    repeated = json.loads(say(member.patient.phone, "what about the peel", json=True))
    keyword = json.loads(say(member.patient.phone, "STOP", json=True))

    assert (repeated["decision"], repeated["replies"]) == ("silent", [])
    assert keyword["decision"] == "keyword"
    assert "Settled by a keyword." in say(member.patient.phone, "START")


def test_a_link_is_printed_as_the_patient_would_see_it(member):
    assert "http://testserver/m/" in say(member.patient.phone, "my card is 4242 4242 4242 4242")
    assert "{link}" in Message.objects.get(direction="out").body


@pytest.mark.parametrize("phone", ["12", "hello", "+442071838750", ""])
def test_a_malformed_number_is_refused_with_a_sentence(db, phone):
    with pytest.raises(CommandError) as refused:
        say(phone, "hi")

    assert refused.value.returncode == 1
    assert str(refused.value).endswith(".")
    assert not Message.objects.exists()


def test_broken_characters_of_a_terminal_are_no_reason_to_fail(member):
    assert say(member.patient.phone, "caf\udcc3 hours?")
