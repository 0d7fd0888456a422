"""Card numbers go out of rows from elsewhere before anything keeps a row or tells of it (R123, R124). No database."""

from collections.abc import Mapping, Sequence
from typing import Any

from common import redaction

# What people write in words; "" is a column that is left out. All else is an id, a number, a date or an address.
_WORDS = frozenset({"", "first_name", "last_name", "name", "category", "plan", "consent_wording", "reason"})


def without(columns: Sequence[str], cells: Sequence[str]) -> list[str]:
    """The cells of a row of a file; one beyond the heading counts as words."""
    names = [*columns, *[""] * (len(cells) - len(columns))]
    return [_clean(name, cell) for name, cell in zip(names, cells, strict=False)]


def without_in(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the API. What is no text is refused later, and not told back."""
    return {name: _clean(name, value) if isinstance(value, str) else value for name, value in row.items()}


def _clean(name: str, text: str) -> str:
    return redaction.redact(text) if name in _WORDS else redaction.redact_identifier(text)
