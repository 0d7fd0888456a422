"""CSV files that a spreadsheet opens without running anything that is written in them."""

import csv
from collections.abc import Iterable, Sequence
from typing import Any

from django.http import HttpResponse

_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def response(name: str, titles: Sequence[str], rows: Iterable[Sequence[Any]]) -> HttpResponse:
    """A download called `name`; UTF-8 with the mark by which Excel knows it."""
    answer = HttpResponse(content_type="text/csv; charset=utf-8", headers={"Cache-Control": "private, no-store"})
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.write("\ufeff")
    writer = csv.writer(answer)
    writer.writerow(titles)
    writer.writerows([harmless(cell) for cell in row] for row in rows)
    return answer


def harmless(cell: Any) -> Any:
    """Text that a spreadsheet would compute gets an apostrophe in front; numbers stay numbers."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_STARTS_A_FORMULA) else cell
