"""A decision of the gate as a front desk reads it: what came out, and what was looked at for it (R4)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_noop as _

from outreach.models import GateDecision

_HOLDS = {
    "person": _("a person has the conversation"),
    "clinical": _("a clinician's hold"),
    "dispute": _("a payment dispute"),
}
_LIMITS = {"legal": _("in 24 hours, all channels"), "daily": _("texts in a day"), "marketing": _("offers in 30 days")}


@dataclass(frozen=True)
class Decided:
    at: datetime
    allowed: bool
    words: str
    retry_at: datetime | None
    looked_at: tuple[tuple[str, str], ...]  # (what, what it showed)
    table_version: str


def told(decision: GateDecision) -> Decided:
    """One row of the gate in words; `looked_at` leaves out what was not asked for this message."""
    return Decided(
        at=decision.at,
        allowed=decision.allowed,
        words=decision.words or "It may go out.",
        retry_at=decision.retry_at,
        looked_at=tuple(_looked_at(decision.inputs)),
        table_version=decision.table_version,
    )


def _looked_at(inputs: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if "consent_entries" in inputs:
        yield "Consent", _rows(inputs["consent_entries"], "No entry for this address")
    if "holds" in inputs:
        yield "Holds", ", ".join(_HOLDS.get(kind, kind) for kind in inputs["holds"]) or "None"
    if "places" in inputs:
        yield "Hours of", ", ".join(f"{state or 'unknown state'} ({zone})" for state, zone in inputs["places"])
    for name, count in inputs.get("counts", {}).items():
        yield "Contacts before", f"{count} {_LIMITS.get(name, name)}"
    if "kill_switch" in inputs:
        yield "Stop switch", f"No. {inputs['kill_switch']}"
    if "suppression" in inputs:
        yield "Address not used", f"No. {inputs['suppression']}"
    if "goes_first" in inputs:
        yield "Goes first", str(inputs["goes_first"])
    if "segments" in inputs:
        yield "Room at the carrier", f"{inputs['segments']} segments asked for"


def _rows(entries: list[int], none: str) -> str:
    return "Entries " + ", ".join(str(entry) for entry in entries) if entries else none
