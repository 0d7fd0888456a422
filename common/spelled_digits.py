"""Digits as people say them: "four one one one", "double four", "forty-two", "cuatro uno uno", "cuarenta y dos"."""

import re
import unicodedata
from dataclasses import dataclass

_UNITS = {
    "0": "zero oh cero",
    "1": "one uno una un",
    "2": "two dos",
    "3": "three tres",
    "4": "four cuatro",
    "5": "five cinco",
    "6": "six seis",
    "7": "seven siete",
    "8": "eight ocho",
    "9": "nine nueve",
}
_TEENS = {
    "10": "ten diez",
    "11": "eleven once",
    "12": "twelve doce",
    "13": "thirteen trece",
    "14": "fourteen catorce",
    "15": "fifteen quince",
    "16": "sixteen dieciseis",
    "17": "seventeen diecisiete",
    "18": "eighteen dieciocho",
    "19": "nineteen diecinueve",
}
_TENS = {
    "20": "twenty veinte veinti",
    "30": "thirty treinta",
    "40": "forty fourty cuarenta",
    "50": "fifty cincuenta",
    "60": "sixty sesenta",
    "70": "seventy setenta",
    "80": "eighty ochenta",
    "90": "ninety noventa",
}
_TIMES = {"double": 2, "doble": 2, "triple": 3, "treble": 3}


def _by_word(table: dict[str, str]) -> dict[str, str]:
    return {word: digits for digits, words in table.items() for word in words.split()}


_UNIT, _TEEN, _TEN = _by_word(_UNITS), _by_word(_TEENS), _by_word(_TENS)


def _any(words: dict[str, str] | dict[str, int]) -> str:
    return "|".join(sorted(words, key=len, reverse=True))


_ITEM = re.compile(
    rf"(?P<digits>\d+)"
    rf"|\b(?P<times>{_any(_TIMES)})[\s-]+(?P<repeated>{_any(_UNIT)}|\d)\b"
    rf"|\b(?P<ten>{_any(_TEN)})(?:[\s-]*(?:y[\s-]+)?(?P<unit>{_any(_UNIT)}))?\b"
    rf"|\b(?P<word>{_any(_TEEN)}|{_any(_UNIT)})\b"
)
_BETWEEN = re.compile(r"[\s.,;:\-–—_/·()]{0,4}|[\s,]*\b(?:and|y|then|luego)\b[\s,]*")


@dataclass(frozen=True)
class Item:
    start: int
    end: int
    digits: str
    spelled: bool


def runs(text: str) -> list[list[Item]]:
    """Digits and number words that follow one another, in the order of the text; places are those of `text`."""
    plain = _plain(text)
    found: list[list[Item]] = []
    for match in _ITEM.finditer(plain):
        item = _item(match)
        if found and _BETWEEN.fullmatch(plain, found[-1][-1].end, item.start):
            found[-1].append(item)
        else:
            found.append([item])
    return found


def _item(match: re.Match[str]) -> Item:
    said = match.groupdict()
    spelled = said["digits"] is None
    if said["digits"]:
        digits = said["digits"]
    elif said["times"]:
        digits = _UNIT.get(said["repeated"], said["repeated"]) * _TIMES[said["times"]]
    elif said["ten"]:
        digits = _TEN[said["ten"]][0] + (_UNIT[said["unit"]] if said["unit"] else "0")
    else:
        digits = _UNIT.get(said["word"]) or _TEEN[said["word"]]
    return Item(match.start(), match.end(), digits, spelled)


def _plain(text: str) -> str:
    """In lower case, without accents, digits of any script as ours; letter by letter, so that places stay."""
    if text.isascii():
        return text.lower()
    return "".join(_letter(character) for character in text)


def _letter(character: str) -> str:
    digit = unicodedata.decimal(character, None)
    if digit is not None:
        return str(digit)
    bare = unicodedata.normalize("NFKD", character)[0].lower()
    return bare if len(bare) == 1 else character
