"""Two versions of one form side by side: what somebody else saved meanwhile, and what was typed here."""

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.forms import BaseForm, BoundField


@dataclass(frozen=True)
class Difference:
    """One field, both values as a reader sees them."""

    what: str
    theirs: str
    yours: str


def between(theirs: BaseForm, yours: BaseForm, *, title: str = "") -> list[Difference]:
    """The visible fields whose values differ. `theirs` is filled in from what is saved, `yours` from what was posted.

    `title` comes before each label, where a page has several such forms.
    """
    pairs = ((field, yours[field.name]) for field in theirs.visible_fields() if field.name in yours.fields)
    lead = f"{title}: " if title else ""
    return [
        Difference(f"{lead}{saved.label}", _words(saved), _words(typed))
        for saved, typed in pairs
        if not _alike(saved, typed)
    ]


def _alike(one: BoundField, other: BoundField) -> bool:
    return _words(one) == _words(other) or _meant(one) == _meant(other)


def _meant(field: BoundField) -> Any:
    """The value that the field would give, so that "199" and "199.00" are one price; the text where it gives none."""
    try:
        value = field.field.clean(field.value())
    except ValidationError:
        return _words(field)
    return value if isinstance(value, int | float | str) else str(value)


def _words(field: BoundField) -> str:
    value = field.value()
    if value is True or value is False:
        return "yes" if value else "no"
    named = {str(key): str(words) for key, words in getattr(field.field, "choices", ())}
    values = value if isinstance(value, list | tuple) else [value]
    return ", ".join(_named(each, named) for each in values)


def _named(value: Any, named: dict[str, str]) -> str:
    text = "" if value is None else str(getattr(value, "pk", value))
    return named.get(text, text)
