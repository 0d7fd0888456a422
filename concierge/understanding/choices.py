"""Which of the offered times a text picks: "1", "the second one", "la primera", "Thursday", "3:30"."""

import re
from collections.abc import Sequence
from datetime import datetime

from concierge.understanding.phrases import normal

_ORDINALS = (
    ("1", "one", "first", "1st", "uno", "primero", "primera", "1ro", "1ra"),
    ("2", "two", "second", "2nd", "dos", "segundo", "segunda", "2do", "2da"),
)
_LAST = ("last one", "latter", "ultimo", "ultima")  # "thanks for last time" picks nothing
_WEEKDAYS = (
    ("monday", "mon", "lunes", "lun"),
    ("tuesday", "tue", "tues", "martes"),
    ("wednesday", "wed", "miercoles", "mie"),
    ("thursday", "thu", "thur", "thurs", "jueves", "jue"),
    ("friday", "fri", "viernes", "vie"),
    ("saturday", "sat", "sabado", "sab"),
    ("sunday", "sun", "domingo", "dom"),
)
_MOST_WORDS = 12
# An hour or a number of people, not an option: "can we do it at 2?", "could I book for two?"
_NO_OPTION = re.compile(r"(?<![^ ])(?:at|around|by|for|in|a la|a las|para la|para las) (?:1|2|one|two|una|dos)(?![^ ])")
_CLOCK_GOES_ON = re.compile(r" (?:\d\d|am|pm)(?![^ ])")

# Words that may stand around what picks; single ones, so that a long text is read in one pass.
_AROUND = """
    ok okay yes yeah yep sure great perfect please pls plz thanks thank you thx hi i ill id will would do go lets
    book take me want like prefer with for works work is fine sounds good then at on its that it in can we try see
    si quiero prefiero quedo con tomo esta bien claro perfecto gracias por favor porfa reserva reservame para a las
    la mejor the el option number opcion numero choice reply one time slot hora
"""


def picked(text: str, *, times: Sequence[datetime]) -> int | None:
    """Which of `times` (on the wall clock of the location, in the order offered) is meant, 0-based; None if unclear.

    Only a text that says nothing else counts: "1 or 2?" and "not the first" pick nothing.
    """
    said = normal(text)
    if not said or len(said.split()) > _MOST_WORDS:
        return None
    names = _names(times)
    hour = _NO_OPTION.search(said)
    if hour and hour[0] not in names and not _CLOCK_GOES_ON.match(said, hour.end()):
        return None
    meant: set[int] = set()
    for name in sorted(names, key=len, reverse=True):
        said, count = re.subn(rf"(?<![^ ]){re.escape(name)}(?![^ ])", "/", said)
        if count:
            meant |= names[name]
    others = set(said.split()) - {"/"} - set(_AROUND.split())
    if len(meant) == 1 and not others:
        return meant.pop()
    return None


def _names(times: Sequence[datetime]) -> dict[str, set[int]]:
    """What each name may mean: "the 2nd" is the second time, and the time on the second of the month."""
    names: dict[str, set[int]] = {}
    for index, when in enumerate(times):
        words = {*_WEEKDAYS[when.weekday()], *_clock(when), *_dates(when)}
        if index < len(_ORDINALS):
            words |= {*_ORDINALS[index], f"el {index + 1}", f"para el {index + 1}"}
        if index == len(times) - 1 and index > 0:
            words |= set(_LAST)
        words |= {f"{word} one" for word in words}  # "the second one" does not say "one"
        for word in words:
            names.setdefault(word, set()).add(index)
    return names


def _dates(when: datetime) -> set[str]:
    """The day of the month, as far as it could be taken for the number of an option."""
    endings = {1: "st", 2: "nd", 3: "rd", 21: "st", 22: "nd", 23: "rd", 31: "st"}
    return {f"{when.day}{endings.get(when.day, 'th')}", f"el {when.day}", f"para el {when.day}"}


def _clock(when: datetime) -> set[str]:
    """How people type the hour: "3:30", "3 30 pm", "330pm", "10am" (a bare "3" would be an option's number)."""
    hour, half = when.hour % 12 or 12, "am" if when.hour < 12 else "pm"
    if when.minute == 0:
        at = {f"{at} {hour}{said}" for at in ("at", "a las", "a la") for said in ("", f" {half}", " 00")}
        return at | {f"{hour} {half}", f"{hour}{half}", f"{hour} 00", f"{hour} 00 {half}"}
    digits = f"{when.minute:02d}"
    whole = {f"{hour} {digits}", f"{hour}{digits}"}
    return whole | {f"{time} {half}" for time in whole} | {f"{time}{half}" for time in whole}
