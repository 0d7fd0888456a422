import pytest
from hypothesis import given
from hypothesis import strategies as st

from common import phones
from common.errors import Refused


@pytest.mark.parametrize(
    "written",
    [
        "(512) 555-0123",
        "512-555-0123",
        "512.555.0123",
        "5125550123",
        "1 512 555 0123",
        "+15125550123",
        " +1 (512) 5550123 ",
    ],
)
def test_every_way_to_write_a_us_number_is_one_number(written):
    assert phones.to_e164(written) == "+15125550123"


@pytest.mark.parametrize(
    "written",
    [
        pytest.param("+44 20 7946 0958", id="Britain"),
        pytest.param("+1 242 322 1234", id="Bahamas, which share +1"),
        pytest.param("242-555-0123", id="a fictional number there"),
        pytest.param("416-967-1111", id="Canada, which shares +1"),
        pytest.param("+52 55 1234 5678", id="Mexico"),
        pytest.param("911", id="emergency"),
        pytest.param("22000", id="short code"),
        pytest.param("512555012", id="a digit short"),
        pytest.param("51255501234", id="a digit long"),
        pytest.param("call me", id="words"),
        pytest.param("", id="nothing"),
        pytest.param("9" * 400, id="endless"),
    ],
)
def test_what_is_no_us_number_is_refused_with_a_sentence(written):
    """R77."""
    with pytest.raises(Refused) as refused:
        phones.to_e164(written)

    assert refused.value.code == "bad_phone"
    assert refused.value.message.endswith(".")
    assert len(refused.value.message) < 100


@given(st.text(max_size=40))
def test_no_text_breaks_the_parser(written):
    try:
        number = phones.to_e164(written)
    except Refused:
        return

    assert number.startswith("+1")
    assert len(number) == 12
    assert phones.to_e164(number) == number
    assert phones.to_e164(phones.readable(number)) == number


def test_people_read_a_national_number():
    assert phones.readable("+15125550123") == "(512) 555-0123"


def test_what_is_no_number_is_shown_as_it_is():
    assert phones.readable("GLOWSPA") == "GLOWSPA"


@pytest.mark.parametrize(
    ("number", "code"), [("+15125550123", "512"), ("+442079460958", ""), ("5125550123", ""), ("", "")]
)
def test_only_a_full_us_number_has_an_area_code(number, code):
    assert phones.area_code(number) == code
