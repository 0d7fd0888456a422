"""Which of the offered times a text picks: "1", "the second one", "la primera", "Thursday", "3:30"."""

import re
from collections.abc import Sequence
from datetime import datetime

from concierge.understanding.phrases import normal

_ORDINALS = (
    ("1", "one", "first", "1st", "uno", "primero", "primera", "1ro", "1ra"),
    ("2", "two", "second", "2nd", "dos", "segundo", "segunda", "2do", "2da"),
)
_LAST = ("last", "latter", "ultimo", "ultima")
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
    meant: set[int] = set()
    for name in sorted(names, key=len, reverse=True):
        said, count = re.subn(rf"(?<![^ ]){re.escape(name)}(?![^ ])", "/", said)
        if count:
            meant.add(names[name])
    others = set(said.split()) - {"/"} - set(_AROUND.split())
    if len(meant) == 1 and not others:
        return meant.pop()
    return None


def _names(times: Sequence[datetime]) -> dict[str, int]:
    """Every name that means exactly one of the times."""
    names: dict[str, set[int]] = {}
    for index, when in enumerate(times):
        words = {*_WEEKDAYS[when.weekday()], *_clock(when)}
        if index < len(_ORDINALS):
            words |= set(_ORDINALS[index])
        if index == len(times) - 1 and index > 0:
            words |= set(_LAST)
        words |= {f"{word} one" for word in words}  # "the second one" does not say "one"
        for word in words:
            names.setdefault(word, set()).add(index)
    return {name: indexes.pop() for name, indexes in names.items() if len(indexes) == 1}


def _clock(when: datetime) -> set[str]:
    """How people type the hour: "3:30", "3 30 pm", "330pm", "10am" (a bare "3" would be an option's number)."""
    hour, half = when.hour % 12 or 12, "am" if when.hour < 12 else "pm"
    if when.minute == 0:
        return {f"{hour} {half}", f"{hour}{half}", f"{hour} 00", f"{hour} 00 {half}"}
    digits = f"{when.minute:02d}"
    whole = {f"{hour} {digits}", f"{hour}{digits}"}
    return whole | {f"{time} {half}" for time in whole} | {f"{time}{half}" for time in whole}
