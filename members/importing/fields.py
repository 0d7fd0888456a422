"""The types of the columns, and what is said about a value that does not fit. No database."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import cache
from typing import Annotated, Any
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError as DjangoError
from django.core.validators import validate_email
from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from common import phones, redaction
from common.errors import Refused

_YES = {"yes", "y", "true", "1", "x"}
_NO = {"no", "n", "false", "0"}
_LANGUAGES = {"english": "en", "spanish": "es", "español": "es", "en-us": "en", "es-us": "es", "es-mx": "es"}
_US_DATE = "%m/%d/%Y"
_US_MOMENTS = ("%m/%d/%Y %H:%M", "%m/%d/%Y %I:%M %p")
EARLIEST = date(1900, 1, 1)


def _printable(text: str) -> str:
    if not all(letter.isprintable() or letter in "\n\t" for letter in text):
        raise ValueError("Control characters cannot be stored. Remove them.")
    return text


def _no_card(text: str) -> str:
    if redaction.MARK in text:
        raise ValueError("This is the number of a card, and was not kept. Send your own id.")
    return text


def _phone(written: Any) -> Any:
    if not isinstance(written, str):
        raise ValueError("Write the number as text, e.g. +15125550123.")
    try:
        return phones.to_e164(written)
    except Refused as refused:
        raise ValueError(refused.message) from None


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _zone(name: str) -> str:
    if name not in _zones():
        raise ValueError("This is no time zone. Write its IANA name, e.g. America/Chicago.")
    return name


def _language(written: Any) -> Any:
    return _LANGUAGES.get(written.strip().lower(), written.strip().lower()) if isinstance(written, str) else written


def _truth(written: Any) -> Any:
    word = written.strip().lower() if isinstance(written, str) else written
    if word in _YES or word is True:
        return True
    if word in _NO or word is False:
        return False
    raise ValueError("Write yes or no.")


def _day(written: Any) -> Any:
    """ISO, or the US order with slashes that spreadsheets make of it."""
    return _first_that_reads(written, (_US_DATE,), lambda moment: moment.date().isoformat())


def _written_moment(written: Any) -> Any:
    if not isinstance(written, str):
        raise ValueError("Write a moment as text, e.g. 2026-06-16T16:00:00Z.")
    return _first_that_reads(written, _US_MOMENTS, lambda moment: moment.isoformat())


def _first_that_reads(written: Any, shapes: tuple[str, ...], out: Callable[[datetime], str]) -> Any:
    if not isinstance(written, str) or "/" not in written:
        return written
    for shape in shapes:
        try:
            return out(datetime.strptime(written.strip(), shape))  # noqa: DTZ007  (the place's zone is put on later)
        except ValueError:
            continue
    return written


def _sane_day(day: date) -> date:
    if day < EARLIEST or day.year > 2200:
        raise ValueError("This date cannot be right. Write it as year-month-day, e.g. 1990-04-02.")
    return day


def _sane_moment(moment: datetime) -> datetime:
    _sane_day(moment.date())
    return moment.astimezone(UTC) if moment.tzinfo else moment


def _address(text: str) -> str:
    try:
        validate_email(text)
    except DjangoError:
        raise ValueError("This is no e-mail address.") from None
    return text.lower()


def _rules(longest: int) -> StringConstraints:
    return StringConstraints(strip_whitespace=True, min_length=1, max_length=longest)


_ANY_TEXT = AfterValidator(_printable)

_NO_CARD = AfterValidator(_no_card)

ExternalId = Annotated[
    str,
    _rules(64),
    _ANY_TEXT,
    _NO_CARD,
    Field(description="The row's id in your system. Sending it again updates the row."),
]
Reference = Annotated[str, _rules(64), _ANY_TEXT, _NO_CARD]
ShortText = Annotated[str, _rules(60), _ANY_TEXT]
Name = Annotated[str, _rules(80), _ANY_TEXT]
Category = Annotated[str, _rules(40), _ANY_TEXT]
LongText = Annotated[str, _rules(1000), _ANY_TEXT]
Email = Annotated[str, _rules(254), AfterValidator(_address)]
Phone = Annotated[str, BeforeValidator(_phone), Field(description="A US number, any common way of writing it.")]
Zone = Annotated[str, AfterValidator(_zone), Field(description="IANA name, e.g. America/Chicago.")]
YesNo = Annotated[bool, BeforeValidator(_truth)]
Day = Annotated[date, BeforeValidator(_day), AfterValidator(_sane_day), Field(description="Year-month-day.")]
Moment = Annotated[
    datetime,
    BeforeValidator(_written_moment),
    AfterValidator(_sane_moment),
    Field(description="ISO 8601. Without an offset: on the wall clock of the location."),
]
Language = Annotated[str, BeforeValidator(_language), StringConstraints(pattern="^(en|es)$")]
Cents = Annotated[int, Field(ge=0, le=10_000_000, description="Integer cents: 19900 is $199.00.")]

# What a reader is told, by the kind of mistake; {…} is filled from the rule that was broken.
_SENTENCES = {
    "missing": "Give a value.",
    "extra_forbidden": "There is no such field.",
    "string_type": "Write this as text.",
    "string_too_short": "Give a value.",
    "string_too_long": "This is too long: at most {max_length} characters.",
    "int_type": "Write a whole number.",
    "int_parsing": "Write a whole number.",
    "int_from_float": "Write a whole number.",
    "int_parsing_size": "This number is too large.",
    "greater_than_equal": "This must be at least {ge}.",
    "less_than_equal": "This must be at most {le}.",
    "date_type": "Write a date as year-month-day, e.g. 1990-04-02.",
    "date_parsing": "Write a date as year-month-day, e.g. 1990-04-02.",
    "date_from_datetime_parsing": "Write a date as year-month-day, e.g. 1990-04-02.",
    "date_from_datetime_inexact": "Write a date without a time, e.g. 1990-04-02.",
    "datetime_type": "Write a moment as 2026-06-16T16:00:00Z.",
    "datetime_parsing": "Write a moment as 2026-06-16T16:00:00Z.",
    "datetime_from_date_parsing": "Write a moment as 2026-06-16T16:00:00Z.",
    "model_type": "A row is an object with named fields.",
    "dict_type": "A row is an object with named fields.",
}


def sentence(error: dict[str, Any]) -> str:
    """One of pydantic's errors in our words."""
    context = error.get("ctx", {})
    if error["type"] == "value_error":
        return str(context["error"])
    if error["type"] == "literal_error":
        return f"Write one of: {context.get('expected', '')}."
    if error["type"] == "string_pattern_mismatch":
        return "Write en or es."
    words = _SENTENCES.get(error["type"])
    return words.format(**context) if words else f"{error['msg']}."
