"""What a consent to marketing texts or automated calls must say: 47 CFR 64.1200(f)(9) (R10).

The list is data with its source (`members/legal/consent_elements.json`); a practice's counsel reviews it there.
"""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from common.errors import Refused
from members.models import Practice


def missing(wording: str) -> list[str]:
    """The elements that the wording lacks, in words for staff."""
    lacks = [
        each["words"] for each in _elements() if not re.search("|".join(each["any_of"]), wording, flags=re.IGNORECASE)
    ]
    practice = Practice.objects.order_by("pk").first()
    names = {practice.name.lower(), practice.legal_name.lower()} if practice else set()
    if not any(name and name in wording.lower() for name in names):
        lacks.insert(0, "the practice's name")
    return lacks


def require_complete(wording: str) -> None:
    """Raises Refused with what is missing."""
    lacks = missing(wording)
    if lacks:
        raise Refused(
            f"This wording is no written consent to marketing or automated calls. It lacks: {'; '.join(lacks)}.",
            code="incomplete_wording",
        )


@cache
def _elements() -> list[dict[str, Any]]:
    table: dict[str, Any] = json.loads((Path(__file__).parent / "legal" / "consent_elements.json").read_text())
    elements: list[dict[str, Any]] = table["elements"]
    return elements
