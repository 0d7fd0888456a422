"""The legal tables: JSON in `outreach/legal/`, each row with its source and the day of its last review (R6)."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time, timedelta
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).with_name("legal")
FEDERAL, UNKNOWN = "US", "??"
REVIEW_EVERY = timedelta(days=180)

Window = tuple[int, int] | None
_TABLES = ("texting_hours", "contact_limits", "hand_off_timers", "consent_silence")


@dataclass(frozen=True)
class Hours:
    """When one state may be texted: minutes of its local day, open before the second one; None is a closed day."""

    weekday: Window
    saturday: Window
    sunday: Window
    on_holidays: bool
    also_in_zone: str


@dataclass(frozen=True)
class TextingHours:
    version: str
    by_state: dict[str, Hours]
    holidays: frozenset[date]


@dataclass(frozen=True)
class Limit:
    """At most `most` messages of the kinds in `counts`, on `channels`, to one patient within `window`."""

    name: str
    counts: tuple[str, ...]
    channels: tuple[str, ...]
    most: int
    window: timedelta


@dataclass(frozen=True)
class ContactLimits:
    version: str
    limits: tuple[Limit, ...]


@dataclass(frozen=True)
class Silence:
    """How long a consent to the kinds in `counts` holds without any contact."""

    counts: tuple[str, ...]
    lasts: timedelta


@cache
def texting_hours() -> TextingHours:
    table = _read("texting_hours")
    return TextingHours(
        version=table["version"],
        by_state={row["state"]: _hours(row) for row in table["rows"]},
        holidays=frozenset(date.fromisoformat(day) for day in table["holidays"]["days"]),
    )


@cache
def contact_limits() -> ContactLimits:
    table = _read("contact_limits")
    return ContactLimits(
        version=table["version"],
        limits=tuple(
            Limit(
                row["name"],
                tuple(row["counts"]),
                tuple(row["channels"]),
                row["most"],
                timedelta(hours=row["hours"]),
            )
            for row in table["rows"]
        ),
    )


@cache
def consent_silence() -> Silence:
    """R16."""
    row = _read("consent_silence")["rows"][0]
    return Silence(tuple(row["counts"]), timedelta(days=row["days"]))


@cache
def hand_off_timers() -> dict[str, timedelta]:
    """{"desk": …, "owner": …}: opening hours that may pass before they are told that a patient waits (R167)."""
    return {row["name"]: timedelta(minutes=row["minutes"]) for row in _read("hand_off_timers")["rows"]}


def version() -> str:
    """Of the tables that the gate asks, as it is kept with every decision of the gate (R4)."""
    return f"hours {texting_hours().version[-10:]}, limits {contact_limits().version[-10:]}"


def overdue(today: date) -> list[str]:
    """What must be reviewed again, in sentences: rows older than 180 days (R6), a list of holidays that runs out."""
    sentences = [
        f"{table}.json, row {name}: last reviewed on {reviewed:%Y-%m-%d}, more than {REVIEW_EVERY.days} days ago."
        for table, name, reviewed in _reviews()
        if today - reviewed > REVIEW_EVERY
    ]
    last = max(texting_hours().holidays)
    if last - today < REVIEW_EVERY:
        sentences.append(f"texting_hours.json: the list of holidays ends on {last:%Y-%m-%d}.")
    return sentences


def newest_review() -> date:
    return max(reviewed for _, _, reviewed in _reviews())


def _reviews() -> Iterator[tuple[str, str, date]]:
    for table in _TABLES:
        for row in _read(table)["rows"]:
            yield table, row.get("state") or row["name"], date.fromisoformat(row["reviewed_on"])
    yield "texting_hours", "holidays", date.fromisoformat(_read("texting_hours")["holidays"]["reviewed_on"])


def _read(table: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((FOLDER / f"{table}.json").read_text(encoding="utf-8"))
    return content


def _hours(row: dict[str, Any]) -> Hours:
    return Hours(
        weekday=_window(row["weekday"]),
        saturday=_window(row["saturday"]),
        sunday=_window(row["sunday"]),
        on_holidays=row["on_holidays"],
        also_in_zone=row.get("also_in_zone", ""),
    )


def _window(written: list[str] | None) -> Window:
    if written is None:
        return None
    opens, closes = (time.fromisoformat(moment) for moment in written)
    return opens.hour * 60 + opens.minute, closes.hour * 60 + closes.minute


def as_shown() -> list[dict[str, Any]]:
    """The tables as people read them: what each is about, its version, its rows with source and review."""
    shown = []
    for name in _TABLES:
        table = _read(name)
        rows = [
            {
                "name": row.get("state") or row["name"],
                "rule": _in_words(row),
                "sources": row.get("source", []),
                "reviewed_on": date.fromisoformat(row["reviewed_on"]),
                "note": row.get("note", ""),
            }
            for row in table["rows"]
        ]
        shown.append({"name": name, "about": table["about"], "version": table["version"], "rows": rows})
    return shown


def _in_words(row: dict[str, Any]) -> str:
    if "minutes" in row:
        return f"After {row['minutes']} minutes of opening hours in which nobody took it."
    if "days" in row:
        return f"After {row['days']} days without contact: {', '.join(row['counts'])}."
    if "most" in row:
        return f"At most {row['most']} within {row['hours']} hours: {', '.join(row['counts'])}."
    days = [("Mon–Fri", row["weekday"]), ("Sat", row["saturday"]), ("Sun", row["sunday"])]
    spans = [f"{day} {span[0]}–{span[1]}" if span else f"{day} none" for day, span in days]
    return "; ".join([*spans, "holidays too" if row["on_holidays"] else "not on holidays"]) + "."
