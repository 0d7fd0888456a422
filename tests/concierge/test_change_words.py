"""For how long, why, and whose: what a text says beside its wish."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from concierge import change_policy
from concierge.facts import MemberFacts
from concierge.plan_facts import PlanFact
from concierge.understanding import Intent, Understanding, change_words, entities
from concierge.understanding.change_words import ChangeWords
from members.models import Quote

FACTS = MemberFacts(
    at=datetime(2026, 11, 24, 16, tzinfo=UTC),
    patient_id=1,
    first_name="Ana",
    last_name="Ortiz",
    zone="America/Chicago",
    location_name="Austin",
    membership_id=1,
    status="active",
    plan=PlanFact(version_id=1, plan_id=1, name="Glow", tier=1, price_cents=19900, freezes=True),
    period_ends_at=datetime(2026, 12, 6, 16, tzinfo=UTC),
)


@pytest.mark.parametrize(
    ("text", "months"),
    [
        ("pause for 2 months", 2), ("freeze it for two months pls", 2), ("hold it a couple of months", 2),
        ("put me on hold 60 days", 2), ("pause 8 weeks", 2), ("pausar por tres meses", 3), ("skip a month", 1),
        ("pausa de un mes", 1), ("pause half a year", 6), ("pause it", None), ("pause for 900 days", None),
        ("pause until 2 pm", None),
    ],
)  # fmt: skip
def test_how_long_a_pause_should_be(text, months):
    assert change_words.read(text).months == months


@pytest.mark.parametrize(
    ("text", "skipped"),
    [
        # The payments of Dec 6, Jan 6 and Feb 6 fall before March.
        ("freeze my plan until March", 3), ("congelar hasta enero", 1), ("pause till the end of december", 1),
        ("hold it until november", 11), ("pause it", 1), ("pause for 2 months", 2),
    ],
)  # fmt: skip
def test_until_a_month_skips_the_payments_that_fall_before_it(text, skipped):
    wish = Understanding(Intent.PAUSE, 0.9, "en")

    assert change_policy.decide(wish, FACTS, change_words.read(text)).months == skipped


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("cancel, it's too expensive for me", "too_expensive"), ("pause please, money is tight", "too_expensive"),
        ("ya no puedo pagar, cancelar", "too_expensive"), ("I'm moving to Denver, cancel it", "moving"),
        ("me voy a vivir a otra ciudad", "moving"), ("pause, I'm having surgery", "health"),
        ("estoy embarazada, pausar", "health"), ("traveling for work, freeze it", "travel"),
        ("cancel, I'm too busy to come", "no_time"), ("not seeing results, cancel", "no_results"),
        ("your staff was rude, cancel my membership", "service"), ("pause my plan", ""),
    ],
)  # fmt: skip
def test_a_reason_is_kept_as_a_code(text, reason):
    found = change_words.read(text).reason

    assert found == reason
    assert not found or found in Quote.Reason.values


def test_a_cancellation_keeps_its_reason_and_knows_no_months():
    said = ChangeWords(months=3, reason="moving")

    wish = change_policy.decide(Understanding(Intent.CANCEL_MEMBERSHIP, 0.5, "en"), FACTS, said)

    assert (wish.act, wish.months, wish.reason) == (Quote.Act.CANCEL, 1, "moving")


def test_a_pause_that_the_plan_has_not_is_explained_however_long_it_should_be():
    facts = replace(FACTS, plan=replace(FACTS.plan, freezes=False))

    told = change_policy.decide(Understanding(Intent.PAUSE, 0.9, "en"), facts, ChangeWords(months=2))

    assert told.topics == ("no_freeze",)


@pytest.mark.parametrize(
    ("text", "owner"),
    [
        ("what is Bea Lund's balance", "bea lund"), ("cancel Bea’s membership", "bea"), ("tell me Bea's plan", "bea"),
        ("is my wife's appointment tomorrow", "wife"), ("my husband credits please", "husband"),
        ("what's my balance", ""), ("cancel today's appointment", ""), ("did november's credit post", ""),
        ("is that Friday's appointment", ""), ("can my sister use my credit", ""),
        ("my wife Bea asked me to check when she comes in", "wife"),
    ],
)  # fmt: skip
def test_whose_plan_credits_or_visit_a_text_is_about(text, owner):
    """R111."""
    assert entities.found_in(text, services=()).says_name == owner
