"""An appointment as a file that every calendar opens (RFC 5545). It says when and where, and nothing of what."""

from datetime import UTC, datetime

from members.models import Practice, Visit

_LONGEST = 73  # octets of a line before it is folded


def of(visit: Visit, *, now: datetime) -> str:
    practice, location = Practice.current(), visit.location
    place = f"{practice.name}, {location.street}, {location.city}, {location.state} {location.zip_code}"
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Membership layer//Appointments//EN",
        "METHOD:PUBLISH",
        "BEGIN:VEVENT",
        f"UID:visit-{visit.pk}@{location.external_id}",
        f"DTSTAMP:{_moment(now)}",
        f"DTSTART:{_moment(visit.starts_at)}",
        f"DTEND:{_moment(visit.ends_at)}",
        f"SUMMARY:{_escaped(f'Appointment at {practice.name}')}",
        f"LOCATION:{_escaped(place)}",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return "".join(f"{_folded(line)}\r\n" for line in lines)


def _moment(when: datetime) -> str:
    return f"{when.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _escaped(words: str) -> str:
    for special in ("\\", ";", ","):
        words = words.replace(special, f"\\{special}")
    return words.replace("\n", "\\n")


def _folded(line: str) -> str:
    """Continuation lines begin with a space; a character is never cut in two."""
    folded, width = "", 0
    for letter in line:
        size = len(letter.encode())
        if width + size > _LONGEST:
            folded, width = f"{folded}\r\n ", 1
        folded, width = folded + letter, width + size
    return folded
