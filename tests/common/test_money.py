import pytest
from hypothesis import given
from hypothesis import strategies as st

from common import money


@pytest.mark.parametrize(
    ("cents", "currency", "text"),
    [
        (19900, "usd", "$199.00"),
        (0, "usd", "$0.00"),
        (5, "usd", "$0.05"),
        (-500, "usd", "-$5.00"),
        (-1, "USD", "-$0.01"),
        (123456789, "usd", "$1,234,567.89"),
        (19900, "eur", "199.00 EUR"),
        (-5, "cad", "-0.05 CAD"),
    ],
)
def test_cents_are_read_as_money(cents, currency, text):
    assert money.readable(cents, currency) == text


@given(st.integers(min_value=-(10**12), max_value=10**12))
def test_what_is_read_is_exactly_what_is_stored(cents):
    text = money.readable(cents)

    digits = "".join(mark for mark in text if mark.isdigit())
    assert int(digits) * (-1 if text.startswith("-") else 1) == cents
    assert text.lstrip("-").startswith("$")
    assert text[-3] == "."
