"""ZIP codes in zones, checked against places whose clocks are known."""

from zoneinfo import available_timezones

import pytest

from common import zips


@pytest.mark.parametrize(
    ("zip_code", "zone", "state"),
    [
        ("78704", "America/Chicago", "TX"),
        ("79901", "America/Denver", "TX"),  # El Paso keeps mountain time
        ("85251-1234", "America/Phoenix", "AZ"),  # no daylight saving
        (" 32501", "America/Chicago", "FL"),  # Pensacola keeps central time
        ("47601", "America/Chicago", "IN"),  # Boonville, in the south-west corner
        ("96813", "Pacific/Honolulu", "HI"),
        ("00901", "America/Puerto_Rico", "PR"),
        ("09012", "", "AE"),  # a military post office abroad lies in no zone
        ("00000", "", ""),
        ("SW1A 1AA", "", ""),
        ("", "", ""),
    ],
)
def test_a_zip_code_lies_in_a_zone_and_a_state(zip_code, zone, state):
    found = zips.zone(zip_code), zips.state(zip_code)

    assert found == (zone, state)


def test_every_zone_of_the_data_is_a_real_one():
    zones = {zone for zone, _ in zips._places().values() if zone}

    assert zones <= available_timezones()
    assert len(zips._places()) > 40_000
