"""Where a US ZIP code lies: its time zone and its state, from the data of the `zipcodes` package (42,789 codes)."""

from functools import cache
from zoneinfo import available_timezones

import zipcodes


def zone(zip_code: str) -> str:
    """'85251' or '85251-1234' -> 'America/Phoenix'; '' when unknown, military or badly written."""
    return _places().get(zip_code.strip()[:5], ("", ""))[0]


def state(zip_code: str) -> str:
    """'85251' -> 'AZ'; '' when unknown."""
    return _places().get(zip_code.strip()[:5], ("", ""))[1]


@cache
def _places() -> dict[str, tuple[str, str]]:
    """(zone, state) by code: the package itself looks through its whole list at each question."""
    real = available_timezones()  # a few rows of the data name a town instead of a zone
    return {
        row["zip_code"]: (row["timezone"] if row["timezone"] in real else "", row["state"])
        for row in zipcodes.list_all()
    }
