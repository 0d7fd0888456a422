"""Phrases that are found in how people really type: any case, accents, punctuation, one-letter slips.

A phrase is written as words with spaces; `a|b` is either word, `?a` may be missing, `swell*` is a beginning,
`~` is up to three words of any kind, `^` and `$` are the start and the end of the text.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

_APOSTROPHES = re.compile(r"['’‘`´ʼ]")
_NO_WORD = re.compile(r"[^a-z0-9]+")
_DRAWN_OUT = re.compile(r"([a-z])\1{2,}")  # "heeelp", "stoppp"
_LONGEST = 1_600  # what a carrier delivers; longer is not a text

# Words of everyday English that lie one slip away from a word we listen for and are no slips: nobody is paged over a
# "back" that could be "black". Found by trying the 10,000 most frequent words.
_REAL_WORDS = """
    queda cuenta cada pero quien puede hasta cuanto todo caro doctora layer change changed passed tried tire stone store
    style sole swing sing socks contact chose closed three than personal persona cancer font frost stuff root roots
    coding leading injection injections cooking fewer drop monkey sterling worse stolen states mouth monte contrast
    accounts acting alice alike along alot alter attach back backed backing balanced become bind blacks blank
    blend blink block blocked blocking blocks blond blonde bloody bloom blush breach breadth breeding brother butter
    calendars cannon case chase cheat check checks cheers chess chill chilly cloud clouds contacted contacts contract
    contracting creek crest deleted dense detail differences doctors doing donor door dose dropped drops ease
    exists exit favors feeding feelings fibre flashers flavor forge forgot form gary harper hear heard hearts
    heat hunting increased increases keep lease leaves lisa losses lost lots loves loving made maiden major
    massage massages mighty month newer numbers option paint parent passes path paused persons phones pissing
    pitch pleased points postal preston print quiet quote raising rating reasons remote removed riding rights
    scheduled schedules seeking selling sewing share shark shirt shoot shopping shops shore shorts shot shots
    sitting skill slight slots smelling sort speaks spelling spending sport sports spot staff star start starts
    stats stays steps strike taking talking tanks temperatures testing tests texas thank thee theme there think
    thinks threat ties tiles time timer tires tough trick valued values valve visa websites were whale while
    white whole whose woods word works world worlds worst wound write writer writes wrote
"""
_NO_SLIPS = frozenset(_REAL_WORDS.split())


def normal(text: str) -> str:
    """Lower case, no accents, no punctuation, single spaces: "Can’t  BREATHE!!!" -> "cant breathe"."""
    plain = unicodedata.normalize("NFKD", _APOSTROPHES.sub("", text[:_LONGEST])).casefold()
    plain = "".join(letter for letter in plain if unicodedata.category(letter) not in ("Mn", "Cf"))
    return _DRAWN_OUT.sub(r"\1", _NO_WORD.sub(" ", plain)).strip()


class Phrases:
    """A list of phrases, with a speller that knows only their words."""

    def __init__(self, phrases: Iterable[str]) -> None:
        phrases = tuple(phrases)
        self._expression = re.compile("|".join(_expression(phrase) for phrase in phrases))
        # Whole words only: a beginning ("swell*") is no word that a slip could be mended to.
        self._vocabulary = frozenset(re.findall(r"(?<![a-z])[a-z]{4,}(?![a-z*])", " ".join(phrases)))

    def found_in(self, text: str) -> bool:
        """Whether a phrase is in the normal text, as written or after one slip a word is mended."""
        return bool(self._expression.search(f" {text} ") or self._expression.search(f" {self._mended(text)} "))

    def without(self, text: str) -> str:
        """The normal text with these phrases taken out."""
        return " ".join(self._expression.sub(" / ", f" {text} ").split())

    def _mended(self, text: str) -> str:
        return " ".join(mend(word, self._vocabulary) for word in text.split())


@lru_cache(maxsize=20_000)
def mend(word: str, vocabulary: frozenset[str]) -> str:
    """The word of the vocabulary that is one slip away; the word itself when there is none or it is a word."""
    if len(word) < 4 or word in vocabulary or word in _NO_SLIPS:
        return word
    near = (known for known in sorted(vocabulary) if known[0] == word[0] and one_slip_apart(word, known))
    return next(near, word)


def one_slip_apart(one: str, other: str) -> bool:
    """One letter too many, missing, wrong or swapped; of four letters only swapped: "pian" is pain, "paid" is not."""
    if abs(len(one) - len(other)) > 1 or min(len(one), len(other)) < 4:
        return False
    start = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    a, b = one[start:], other[start:]
    if len(a) == len(b) and len(a) > 1 and a[:2] == b[1::-1] and a[2:] == b[2:]:
        return True
    return len(other) > 4 and (a[1:] == b[1:] or a[1:] == b or a == b[1:])


def _expression(phrase: str) -> str:
    return "".join(_element(element) for element in phrase.split()) + r"(?= )"


def _element(element: str) -> str:
    if element == "~":
        return r"(?: \w+){0,3}"
    if element == "^":
        return "^"
    if element == "$":
        return r"(?= $)"
    optional = element.startswith("?")
    words = "|".join(re.escape(word).replace(r"\*", r"\w*") for word in element.removeprefix("?").split("|"))
    return f"(?: (?:{words}))?" if optional else f" (?:{words})"
