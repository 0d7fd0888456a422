import pytest

from common.errors import Refused
from outreach import wording
from outreach.wording import Segments


def test_placeholders_are_filled_and_the_link_is_left_for_the_provider_call():
    text = wording.render("Hi {first_name}, {practice}: {link}", {"first_name": "Ana", "practice": "Glow"})

    assert text == "Hi Ana, Glow: {link}"


@pytest.mark.parametrize("template", ["Hi {firstname}", "{}", "{amount} is open", "{ first_name }"])
def test_a_placeholder_that_nothing_fills_is_refused(template):
    with pytest.raises(Refused) as refused:
        wording.render(template, {"first_name": "Ana"})

    assert refused.value.code == "unknown_placeholder"


def test_a_fact_cannot_smuggle_in_a_placeholder():
    text = wording.render("Hi {first_name}", {"first_name": "{practice}", "practice": "Glow"})

    assert text == "Hi {practice}"


def test_typographic_letters_become_plain():
    """R74."""
    assert wording.plain("“It’s” – really…\u00a0now") == '"It\'s" - really... now'
    assert wording.plain("María Núñez, ¿mañana a las 3? José") == "Maria Nuñez, ¿mañana a las 3? José"
    assert wording.plain("Zoë Šárka") == "Zoe Sarka"
    assert wording.plain("👍 привет") == "👍 привет"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Segments("GSM-7", 1)),
        ("a" * 160, Segments("GSM-7", 1)),
        ("a" * 161, Segments("GSM-7", 2)),
        ("a" * 306, Segments("GSM-7", 2)),
        ("a" * 307, Segments("GSM-7", 3)),
        ("€" * 80, Segments("GSM-7", 1)),
        ("€" * 81, Segments("GSM-7", 2)),
        ("a" * 152 + "€" + "a" * 152, Segments("GSM-7", 3)),  # an escaped letter is not cut in two
        ("ñ¿é" * 50, Segments("GSM-7", 1)),
        ("í" * 70, Segments("UCS-2", 1)),
        ("í" * 71, Segments("UCS-2", 2)),
        ("í" * 134, Segments("UCS-2", 2)),
        ("í" * 135, Segments("UCS-2", 3)),
        ("👍", Segments("UCS-2", 1)),
        ("a" * 68 + "👍", Segments("UCS-2", 1)),
        ("a" * 69 + "👍", Segments("UCS-2", 2)),
        ("a" * 66 + "👍" + "a" * 66, Segments("UCS-2", 3)),
    ],
)
def test_segments_are_counted_as_carriers_do(text, expected):
    """R74's vectors, and letters of two units at the seam."""
    assert wording.segments(text) == expected
