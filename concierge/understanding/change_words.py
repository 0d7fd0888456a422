"""How long a pause is wished for, and why somebody pauses or leaves: kept as codes, never as words.

A reason is for the practice's reports alone: it changes no answer, and what a text says of health goes no further than
its code (R110).
"""

import re
from dataclasses import dataclass

from concierge.understanding.phrases import normal

_NUMBERS = {
    "a": 1, "an": 1, "one": 1, "un": 1, "una": 1, "uno": 1, "two": 2, "couple": 2, "dos": 2, "par": 2, "three": 3,
    "few": 3, "tres": 3, "four": 4, "cuatro": 4, "five": 5, "cinco": 5, "six": 6, "seis": 6,
}  # fmt: skip
_COUNTED = re.compile(
    rf"\b(\d{{1,3}}|{'|'.join(_NUMBERS)}) (?:of |de |more |mas )?"
    r"(months?|mos?|meses|mes|weeks?|wks?|semanas?|days?|dias?)\b"
)
_DAYS_A_MONTH, _WEEKS_A_MONTH = 30, 4
_SAID_OTHERWISE = re.compile(r"\b(?:a|one) quarter\b|\b(half a year|medio ano)\b")
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan enero", "february feb febrero", "march mar marzo", "april apr abril", "may mayo",
            "june jun junio", "july jul julio", "august aug agosto", "september sept sep septiembre",
            "october oct octubre", "november nov noviembre", "december dec diciembre",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_UNTIL = re.compile(
    r"\b(?:until|till|til|thru|through|hasta|regrese en|back in) "
    rf"(?:the |el |fines de |mediados de |end of |early |mid |late )*({'|'.join(_MONTHS)})\b"
)
_MOST_MONTHS = 24

# In this order: the first that is found is kept.
_REASONS = (
    ("health", r"pregnan\w*|surger\w*|recover\w*|sick|ill|illness|medical\w*|health|injur\w*|maternity|embarazad\w*|"
               r"ciru[gj]ia|operar\w*|enferm\w*|salud"),
    ("moving", r"moving|moved|relocat\w*|new city|out of state|me mudo|mudarme|mudanza|me voy a vivir"),
    ("no_results", r"no results|no difference|not working for me|doesnt work for me|not seeing (?:any )?\w*|"
                   r"no veo resultados|no me funciona"),
    ("service", r"rude|bad service|poor service|treated|unhappy with (?:the )?(?:staff|service)|"
                r"mal servicio|mal trato"),
    ("too_expensive", r"expensive|afford|money|budget|too much|cost\w*|price\w*|lost my job|laid off|unemployed|"
                      r"(?:money|funds|finances) (?:is|are) tight|tight|car[oa]|dinero|pagar\w*|trabajo"),
    ("travel", r"travel\w*|trip|vacation\w*|out of town|abroad|overseas|deploy\w*|gone for|viaj\w*|vacaciones|"
               r"fuera de la ciudad"),
    ("no_time", r"no time|busy|dont have time|cant make it in|schedule is|never (?:use|come|go)|not using|dont use|"
                r"sin tiempo|no tengo tiempo|ocupad\w*|no l[ao] uso"),
)  # fmt: skip
_REASON_SAID = tuple((code, re.compile(rf"\b(?:{words})\b")) for code, words in _REASONS)


@dataclass(frozen=True)
class ChangeWords:
    """`months` of a pause, or the month (1 to 12) `until` which it is wished; `reason` is a Quote.Reason or ""."""

    months: int | None = None
    until: int | None = None
    reason: str = ""


def read(text: str) -> ChangeWords:
    """Never raises; a wish that is out of reason is no wish."""
    words = normal(text)
    until = _UNTIL.search(words)
    return ChangeWords(_months(words), _MONTHS[until[1]] if until else None, reason_in(words))


def reason_in(words: str) -> str:
    """The code of the first reason that the normal text gives."""
    return next((code for code, said in _REASON_SAID if said.search(words)), "")


def _months(words: str) -> int | None:
    counted = _COUNTED.search(words)
    if counted is None:
        other = _SAID_OTHERWISE.search(words)
        return (6 if other[1] else 3) if other else None
    number = int(counted[1]) if counted[1].isdigit() else _NUMBERS[counted[1]]
    unit = counted[2]
    if unit[0] == "d":
        number = round(number / _DAYS_A_MONTH)
    elif unit[0] in "ws":
        number = round(number / _WEEKS_A_MONTH)
    return number if 0 < number <= _MOST_MONTHS else None
