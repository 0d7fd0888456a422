"""R123, R124: no card number is stored; phone numbers and ids are left alone."""

import pytest

from common.redaction import redact, redact_identifier

CARDS = {
    "visa": "4111111111111111",
    "visa, 13 digits": "4222222222222",
    "mastercard": "5555555555554444",
    "mastercard, new range": "2223003122003222",
    "amex": "378282246310005",
    "discover": "6011111111111117",
    "diners": "30569309025904",
    "jcb": "3530111333300000",
    "unionpay, 19 digits": "6205500000000000004",
}
FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")


def grouped(card: str, between: str) -> str:
    return between.join(card[at : at + 4] for at in range(0, len(card), 4))


@pytest.mark.parametrize("between", ["", " ", "-", ".", "\n", " - ", "\u00a0", "–", "/"])
@pytest.mark.parametrize("card", CARDS.values(), ids=CARDS)
def test_a_card_number_is_replaced_however_it_is_spaced(card, between):
    text = f"my card is {grouped(card, between)} thanks"

    assert redact(text) == f"my card is [card ••••{card[-4:]}] thanks"


@pytest.mark.parametrize("card", CARDS.values(), ids=CARDS)
def test_digits_written_one_by_one_or_full_width_are_found(card):
    assert redact(" ".join(card)) == f"[card ••••{card[-4:]}]"
    assert redact(card.translate(FULL_WIDTH)) == f"[card ••••{card[-4:]}]"


@pytest.mark.parametrize(
    "text",
    [
        "4111 1111 1111 1111 12/27 123",
        "4111111111111111 1227",
        "41111111111111111227123",
        "3782 822463 10005 exp 01/28",
        "use 4111-1111-1111-1111, it works",
        "(4111) 1111 1111 1111",
    ],
)
def test_what_stands_around_a_card_does_not_hide_it(text):
    redacted = redact(text)

    assert "[card ••••" in redacted
    assert "4111111111111111" not in "".join(filter(str.isdigit, redacted))


def test_two_cards_in_one_text_are_both_taken_out():
    assert redact("4111 1111 1111 1111 or 5555-5555-5555-4444?") == "[card ••••1111] or [card ••••4444]?"
    assert redact("4111 1111 1111 1111 5555 5555 5555 4444") == "[card ••••1111] [card ••••4444]"


@pytest.mark.parametrize(
    "text",
    [
        "call me at +1 512 555 0123",
        "512-555-0123\n512-555-0199",
        "(512) 555-0123 or (737) 555-0188",
        "(512) 555-0123 (737) 555-0188",
        "+15125550123 +15125550188 +15125550199",
        "4111 1111 1111 1112",  # fails Luhn
        "order 1234567890123",
        "June 16 2026 at 10:30, 78704",
        "I have 2 credits and 3 questions",
        "",
    ],
)
def test_phone_numbers_ids_and_dates_stay(text):
    assert redact(text) == text


def test_redacting_twice_changes_nothing():
    once = redact("pay with 4111 1111 1111 1111 please")

    assert redact(once) == once


@pytest.mark.parametrize("text", ["1000000000000008", "INV-90000000000001", "512-555-0123-0042-7", "pi_3Qk", "p1"])
def test_an_id_that_only_passes_the_check_digit_stays(text):
    """One of ten long numbers does."""
    assert redact_identifier(text) == text


@pytest.mark.parametrize("card", CARDS.values(), ids=CARDS)
def test_an_id_that_is_a_networks_number_goes(card):
    assert redact_identifier(card) == redact_identifier(grouped(card, " ")) == f"[card ••••{card[-4:]}]"
    assert redact_identifier(f"client {card}") == f"client [card ••••{card[-4:]}]"
