"""R123, R124: card numbers in words, mixed, and in parts; and what looks like one and is none."""

from datetime import timedelta

import pytest

from common.redaction import redact, split_over
from members.models import Escalation
from outreach import inbound
from outreach.models import Message
from tests import factories
from tests.factories import NOON

CARDS = {
    "visa": "4111111111111111",
    "mastercard": "5555555555554444",
    "mastercard, new range": "2223003122003222",
    "amex": "378282246310005",
    "discover": "6011111111111117",
    "diners": "30569309025904",
    "jcb": "3530111333300000",
}
ENGLISH = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
SPANISH = ("cero", "uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve")


def spelled(digits: str, words: tuple[str, ...], between: str = " ") -> str:
    return between.join(words[int(digit)] for digit in digits)


@pytest.mark.parametrize("between", [" ", ", ", "-", "\n"])
@pytest.mark.parametrize("words", [ENGLISH, SPANISH], ids=["english", "spanish"])
@pytest.mark.parametrize("card", CARDS.values(), ids=CARDS)
def test_a_number_in_words_is_taken_out(card, words, between):
    text = f"It is {spelled(card, words, between)}. Thanks!"

    assert redact(text) == f"It is [card ••••{card[-4:]}]. Thanks!"


@pytest.mark.parametrize("words", [ENGLISH, SPANISH], ids=["english", "spanish"])
@pytest.mark.parametrize("card", CARDS.values(), ids=CARDS)
def test_a_number_half_in_words_and_half_in_digits_is_taken_out(card, words):
    for at in (1, 4, 8, 12):
        assert redact(f"{spelled(card[:at], words)} {card[at:]}") == f"[card ••••{card[-4:]}]"
        assert redact(f"{card[:at]}, {spelled(card[at:], words)}") == f"[card ••••{card[-4:]}]"


@pytest.mark.parametrize(
    "text",
    [
        "forty-one eleven, eleven eleven, eleven eleven, eleven eleven",
        "Cuarenta y uno once, once once, once once, once once",
        "four one one one double one double one double one triple one triple one 1",
        "FOUR ONE ONE ONE one one one one ONE ONE ONE ONE one one one one",
        "cuatro uno uno uno y uno uno uno uno y uno uno uno uno y uno uno uno uno",
        "4111, 1111, 1111, 1111",
        "four one one one 1111 one one one one 1111",
    ],
)
def test_the_ways_in_which_people_say_a_number(text):
    assert redact(text) == "[card ••••1111]"


@pytest.mark.parametrize(
    "text",
    [
        "4111 1111 1111 1111 12/27 123",
        "4111 1111 1111 1111 cvv 123 exp 12/27",
        "four one one one one one one one one one one one one one one one twelve twenty seven one two three",
        "tarjeta 4111 1111 1111 1111, código 123",
    ],
)
def test_the_expiry_and_the_code_beside_it_go_too(text):
    redacted = redact(text).removeprefix("tarjeta ").replace("••••1111", "")

    assert not any(character.isdigit() for character in redacted), redacted
    assert "twenty" not in redacted


@pytest.mark.parametrize(
    "text",
    [
        "five one two, five five five, oh one two three",  # a telephone number
        "cinco uno dos cinco cinco cinco cero uno dos tres",
        "512-555-0123, 512-555-0199",
        "call 5125550123 or 5125550199 after two",
        "one two three four five six seven eight nine ten eleven twelve",
        "four one one one one one one one one one one one one one one two",  # fails Luhn
        "June sixteenth two thousand twenty six at ten thirty",
        "on 06/16/2026, 07/16/2026 and 08/16/2026",
        "$199, $249, $329, $1,299 and $2,499",
        "199, 249, 329, 1299, 2499",
        "1990, 2001, 2014, 2026",
        "one facial for me and two for my sister, at three or four",
        "once or twice, dos o tres veces",
        "tengo un crédito y dos preguntas",
        "two facials, 2 peels, 10 units at 12 on 5/5",
    ],
)
def test_what_is_no_card_stays_as_it_was_written(text):
    assert redact(text) == text


@pytest.mark.parametrize("card", [card for card in CARDS.values() if len(card) == 16])
@pytest.mark.parametrize("at", [3, 4, 6, 8, 10, 12, 13])
def test_a_number_in_two_texts_is_taken_out_of_both(card, at):
    first, second = f"my card is {card[:at]}", f"{card[at:]} exp 12/27"

    assert split_over([first, second]) == ["my card is [card]", f"[card ••••{card[-4:]}] exp [expiry]"]


@pytest.mark.parametrize(
    "texts", [["3782", "822463 10005"], ["3782 822463", "10005"], ["3056 9309", "02 5904"], ["305693 0902", "5904"]]
)
def test_a_shorter_number_in_two_texts_is_found_unless_a_half_looks_like_a_telephone(texts):
    first, second = split_over(texts)

    assert first == "[card]"
    assert second.startswith("[card ••••")


def test_a_number_in_four_texts_and_in_words_is_taken_out_of_all():
    texts = ["ok: four one one one", "1111", "then uno uno uno uno", "and 11 11, thanks"]

    assert split_over(texts) == ["ok: [card]", "[card]", "then [card]", "and [card ••••1111], thanks"]


@pytest.mark.parametrize(
    "texts",
    [
        ["(512) 555-0123", "78704"],
        ["4111 1111", "1111 1112"],  # fails Luhn
        ["I owe $4111", "call 11111111 1111"],
        ["347 555 0123", "10001"],
        ["3475550123", "10001"],
        ["3055550123", "1031"],
        ["my number is 5125550123", "and hers is 5125550199"],
        ["see you at 4", "or at 5"],
        ["Hi", "4111"],
        ["4111 1111 1111 1111"],
    ],
)
def test_texts_that_are_no_parts_of_a_card_stay(texts):
    assert split_over(texts) is None


# --- as they come in ---


def receive(body: str, at=NOON) -> Message:
    number = f"SM{Message.objects.count():032d}"
    return inbound.receive(
        sid=number, sender="+15125551234", recipient="", body=body, media_count=0, opt_out_type="", now=at
    ).message


@pytest.mark.django_db
def test_the_second_half_of_a_number_takes_the_first_one_out_of_what_was_kept():
    """R123, R126; settled: the earlier text is overwritten, and so is the case that quotes it."""
    factories.make_patient(phone="+15125551234")
    first = receive("my card is 4111 1111")
    case = Escalation.objects.create(
        reason="question",
        phone="+15125551234",
        summary="“my card is 4111 1111”",
        subject="x",
        opened_at=NOON,
        last_raised_at=NOON,
        due_at=NOON,
    )

    second = receive("1111 1111", NOON + timedelta(minutes=3))

    first.refresh_from_db()
    case.refresh_from_db()
    assert (first.body, second.body) == ("my card is [card]", "[card ••••1111]")
    assert case.summary == "“my card is [card]”"


@pytest.mark.django_db
def test_halves_that_come_an_hour_apart_or_from_two_phones_are_not_put_together():
    first = receive("4111 1111")
    second = receive("1111 1111", NOON + timedelta(hours=1))
    other = inbound.receive(
        sid="SMother", sender="+15125559876", recipient="", body="1111 1111", media_count=0, opt_out_type="", now=NOON
    ).message

    assert [text.body for text in (first, second, other)] == ["4111 1111", "1111 1111", "1111 1111"]
