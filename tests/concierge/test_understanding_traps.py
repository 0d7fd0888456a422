"""Texts that look like a pick or a question and are something else."""

from datetime import UTC, datetime

import pytest

from concierge.understanding import Intent, ServiceWords, choices, language, reader

THURSDAY_10_AND_FRIDAY_3_30 = [datetime(2026, 6, 18, 10, 0, tzinfo=UTC), datetime(2026, 6, 19, 15, 30, tzinfo=UTC)]
SECOND_AT_2_AND_FIRST_AT_10 = [datetime(2026, 12, 2, 14, 0, tzinfo=UTC), datetime(2026, 12, 1, 10, 0, tzinfo=UTC)]
SERVICES = [
    ServiceWords(1, ("Signature Facial", "facial")),
    ServiceWords(4, ("Swedish Massage", "massage")),
]


@pytest.mark.parametrize(
    "text",
    [
        "Can we do it at 2?",
        "can I book for two",
        "book me for 2",
        "can we do at 1",
        "a las 2",
        "in one hour",
        "thanks for last time",
        "gracias por la ultima vez",
    ],
)
def test_an_hour_or_a_number_of_people_is_no_option(text):
    assert choices.picked(text, times=THURSDAY_10_AND_FRIDAY_3_30) is None


@pytest.mark.parametrize("text", ["the 2nd", "the 1st works", "el 2", "para el 1"])
def test_a_number_that_may_be_the_day_or_the_option_picks_nothing(text):
    assert choices.picked(text, times=SECOND_AT_2_AND_FIRST_AT_10) is None


@pytest.mark.parametrize(
    ("text", "option"), [("2", 1), ("1 please", 0), ("at 2", 0), ("a las 2 pm", 0), ("at 10 am", 1), ("option 2", 1)]
)
def test_the_plain_number_and_the_plain_hour_stay_what_they_say(text, option):
    assert choices.picked(text, times=SECOND_AT_2_AND_FIRST_AT_10) == option


def read(text):
    return reader().read(text, services=SERVICES, language="en")


def test_two_questions_about_two_services_are_for_a_person():
    assert read("do i have a facial credit? do i have a massage credit?").intent == Intent.OTHER
    assert read("do i have a facial credit? is my facial credit still good?").intent == Intent.CREDIT_BALANCE


@pytest.mark.parametrize(
    "text", ["have i used my credit", "Have I already used up my facial credit?", "ya use mi credito?"]
)
def test_whether_it_was_used_is_not_answered_with_a_yes(text):
    """ "Yes, you have 1" would say the opposite of what is meant."""
    found = read(text)

    assert found.intent == Intent.CREDIT_BALANCE
    assert not found.entities.asks_whether


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("hi this is Maria, do i have a facial credit", "maria"),
        ("this is her husband how many credits do i have", "her husband"),
        ("its Ana's mom do i have a credit", "anas mom"),
        ("soy Maria, tengo creditos?", "maria"),
        ("Do I have a facial credit? this is Maria", "maria"),
        ("do I have a facial credit", ""),
    ],
)
def test_the_name_of_the_sender_is_heard(text, name):
    assert read(text).entities.says_name == name


def test_a_bare_y_has_no_language():
    assert language.of("y", default="en") == "en"
