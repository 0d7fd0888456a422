"""R28, R36, R60, R62, R63: what counts as a keyword."""

from itertools import product

import pytest

from outreach import keywords
from outreach.keywords import Meaning

OPT_OUTS = [
    "STOP", "STOPALL", "STOP ALL", "QUIT", "END", "REVOKE", "OPT OUT", "OPTOUT", "OPT-OUT", "CANCEL", "UNSUBSCRIBE",
]  # fmt: skip
CASES = [str.upper, str.lower, str.title, str.swapcase]
AROUND = ["{}", " {} ", "{}.", "{}!!!", "“{}”", "{} 🛑", "🙏{}🙏", "{} please", "{}, please!", "please {}", "{} thanks",
          "{}\n", "*{}*", "...{}", "{} now", "{} thank you"]  # fmt: skip


@pytest.mark.parametrize("word", OPT_OUTS)
def test_every_opt_out_word_counts_in_any_case_and_dress(word):
    for case, around in product(CASES, AROUND):
        text = around.format(case(word))

        read = keywords.read(text)

        assert (read.meaning, read.alone) == (Meaning.STOP, True), text


@pytest.mark.parametrize("text", ["S T O P", "s.t.o.p", "ＳＴＯＰ"])
def test_an_opt_out_word_spelled_oddly_counts(text):
    assert keywords.read(text).meaning == Meaning.STOP


@pytest.mark.parametrize(
    "text",
    [
        "STOP I can't breathe",
        "Stop texting me",
        "stop. my face is swollen",
        "unsubscribe me from this",
        "opt out of everything",
        "STOPALL messages",
        "STOP. My membership is over",
        "Stop, my plan ended",
        "Stop charging me and stop texting me",
        "stop the robot texts",
        "opt out of the texts",
        "opt out of all",
        "revoke my consent",
        "Stop 2",
    ],
)
def test_a_leading_stop_opts_out_and_the_rest_is_still_read(text):
    """R5."""
    read = keywords.read(text)

    assert (read.meaning, read.alone) == (Meaning.STOP, False)


@pytest.mark.parametrize(
    "text",
    [
        "cancel my membership",
        "Cancel my appointment on Friday",
        "end of the month works",
        "quit smoking, does that help?",
        "Can I stop by at 3?",
        "Stop by at 3?",
        "Stop charging me for the membership",
        "stop my membership",
        "Please stop the payments",
        "stop auto renewing",
        "opt out of the massage, facial instead",
        "stop the bot and get me somebody",
        "Stop with the chatbot please",
        "Do I still have my facial credit?",
        "please don't",
        "unstoppable",
        "stopping by",
        "",
        "🙂",
        "2",
        "yes",
        "YES",
        "thanks",
        "startup",
    ],
)
def test_other_texts_are_no_keyword(text):
    assert keywords.read(text).meaning == Meaning.NOTHING


@pytest.mark.parametrize(
    "text", ["STOP", "stop", " Stop ", "CANCEL", "END", "QUIT", "UNSUBSCRIBE", "STOPALL", "REVOKE"]
)
def test_the_carriers_own_words_are_answered_by_the_carrier(text):
    assert keywords.read(text).answered


@pytest.mark.parametrize("text", ["STOP please", "stop.", "STOP ALL", "opt out", "🛑 stop"])
def test_phrases_are_ours_to_answer(text):
    assert not keywords.read(text).answered


def test_what_the_carrier_has_settled_is_believed():
    assert keywords.read("ARRET", opt_out_type="STOP") == keywords.Keyword(Meaning.STOP, answered=True)
    assert keywords.read("Stop please", opt_out_type="STOP").answered
    assert keywords.read("help me", opt_out_type="HELP").answered


def test_only_a_bare_cancel_may_mean_the_membership():
    assert keywords.read("Cancel!").is_cancel
    assert not keywords.read("STOP").is_cancel


def test_start_is_the_patients_own_word_and_yes_only_with_the_carrier():
    assert keywords.read("Start").meaning == Meaning.START
    assert keywords.read("UNSTOP").meaning == Meaning.START
    assert keywords.read("YES", opt_out_type="START") == keywords.Keyword(Meaning.START, alone=False, answered=True)


@pytest.mark.parametrize(
    ("text", "answered"), [("HELP", True), ("info", True), ("Help!", False), ("help please", False)]
)
def test_help_is_known(text, answered):
    read = keywords.read(text)

    assert (read.meaning, read.answered) == (Meaning.HELP, answered)
