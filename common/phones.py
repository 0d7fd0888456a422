"""Phone numbers: E.164 inside, readable outside. US only (R77)."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import phonenumbers
from phonenumbers import PhoneNumberFormat, timezone

from common.errors import Refused

_MOST_ZONES_OF_A_STATE = 5  # Alaska's; a toll-free number is listed under every zone of the NANP
_US = {None, "US", "PR", "VI", "GU", "AS", "MP"}  # None: not assigned yet, as fictional numbers are


def to_e164(written: str) -> str:
    """'(512) 555-0123' -> '+15125550123'.

    Raises Refused for what is no US number: another country (R77), a short code, letters.
    """
    try:
        number = phonenumbers.parse(written, "US")
    except phonenumbers.NumberParseException:
        raise Refused(f"“{written[:20]}” is not a phone number. Write ten digits.", code="bad_phone") from None
    if number.country_code != 1 or not phonenumbers.is_possible_number(number):
        raise Refused("Only US phone numbers with ten digits can be used.", code="bad_phone")
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    if phonenumbers.region_code_for_number(number) not in _US or area_code(e164) in _area_codes()["elsewhere"]:
        raise Refused("Only US phone numbers can be used.", code="bad_phone")
    return e164


def readable(e164: str) -> str:
    """'+15125550123' -> '(512) 555-0123'; anything else comes back as it is."""
    try:
        number = phonenumbers.parse(e164, "US")
    except phonenumbers.NumberParseException:
        return e164
    return phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)


def area_code(e164: str) -> str:
    """'+15125550123' -> '512'; '' for anything else."""
    return e164[2:5] if e164.startswith("+1") and len(e164) == 12 else ""


def zones(e164: str) -> tuple[str, ...]:
    """The IANA zones in which the number's area code lies; empty when unknown or when it lies nowhere (toll-free)."""
    try:
        number = phonenumbers.parse(e164, "US")
    except phonenumbers.NumberParseException:
        return ()
    found = timezone.time_zones_for_number(number)
    if len(found) > _MOST_ZONES_OF_A_STATE:
        return ()
    return tuple(zone for zone in found if zone != timezone.UNKNOWN_TIMEZONE)


def state(e164: str) -> str:
    """The US state of the number's area code: '+13055550123' -> 'FL'; '' when unknown or when it lies nowhere."""
    code: str = _area_codes()["states"].get(area_code(e164), "")
    return code


@cache
def _area_codes() -> dict[str, Any]:
    """As data: the library's own geocoder loads the whole world, five seconds at each start."""
    found: dict[str, Any] = json.loads((Path(__file__).parent / "area_codes.json").read_text())
    return found
