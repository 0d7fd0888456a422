import pytest

from common import phones, states


@pytest.mark.parametrize(
    ("number", "state", "zones"),
    [
        ("+13055550123", "FL", ("America/New_York",)),
        ("+15125550123", "TX", ("America/Chicago",)),
        ("+19155550123", "TX", ("America/Denver",)),
        ("+17039345550", "VA", ("America/New_York",)),
        ("+12025550123", "DC", ("America/New_York",)),
        ("+12065550123", "WA", ("America/Los_Angeles",)),
        ("+12085550123", "ID", ("America/Boise", "America/Los_Angeles")),
        ("+19075550123", "AK", ("America/Adak", "America/Anchorage")),
    ],
)
def test_an_area_code_tells_state_and_zones(number, state, zones):
    assert phones.state(number) == state
    assert phones.zones(number) == zones


@pytest.mark.parametrize("number", ["+18005550123", "+18335550123", "", "GLOWSPA", "+442071838750", "12345"])
def test_a_number_that_lies_nowhere_in_the_us_has_no_state(number):
    assert phones.state(number) == ""


def test_a_toll_free_number_lies_in_no_zone():
    assert phones.zones("+18005550123") == ()


def test_every_state_has_an_area_code_that_leads_to_it():
    found = {phones.state(f"+1{area}5550123") for area in range(201, 990)}

    assert set(states.NAMES) <= found


def test_a_number_of_a_us_territory_is_a_us_number():
    assert phones.to_e164("787-555-0123") == "+17875550123"
    assert phones.state("+17875550123") == "PR"
