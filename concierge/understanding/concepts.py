"""Words as the concepts they stand for: "freeze", "hold" and "congelar" are one. The list is `concepts.yaml`."""

import re
import shlex
from functools import cache
from pathlib import Path

import yaml

FILE = Path(__file__).with_name("concepts.yaml")
_NOT = frozenset(["not", "no", "never", "without", "cannot", "do_not", "nunca", "sin", "tampoco"])
_MOST = 16  # concepts of a text that are paired
_WINDOW = 2  # how far a concept looks ahead for what follows it


class _Lexicon:
    def __init__(self) -> None:
        self.words: dict[str, list[str]] = {}
        self.beginnings: dict[str, list[str]] = {}
        phrases: dict[str, str] = {}
        for concept, listed in yaml.safe_load(FILE.read_text(encoding="utf-8")).items():
            for entry in shlex.split(str(listed)):
                if " " in entry:
                    phrases[entry.rstrip("*")] = concept
                elif entry.endswith("*"):
                    self.beginnings.setdefault(entry[:-1], []).append(concept)
                else:
                    self.words.setdefault(entry, []).append(concept)
        self.phrases = phrases
        longest_first = sorted(phrases, key=len, reverse=True)
        self._phrase = re.compile(r"(?<!\S)(?:" + "|".join(map(re.escape, longest_first)) + r")(?!\S)")

    def phrases_in(self, text: str) -> list[tuple[int, str]]:
        """Where each phrase begins, counted in characters, and its concept."""
        return [(found.start(), self.phrases[found[0]]) for found in self._phrase.finditer(text)]

    def of(self, word: str) -> list[str]:
        found = list(self.words.get(word, ()))
        for length in range(3, len(word) + 1):
            found += self.beginnings.get(word[:length], ())
        return found


@cache
def _lexicon() -> _Lexicon:
    return _Lexicon()


def concepts(text: str) -> list[str]:
    """The concepts of a normalised text in order; one that a "not" stands shortly before has a "!" in front."""
    lexicon = _lexicon()
    at: list[tuple[int, str]] = lexicon.phrases_in(text)
    start, last_not = 0, -10
    for index, word in enumerate(text.split()):
        if word in _NOT:
            last_not = index
        mark = "!" if 0 < index - last_not <= 3 else ""
        at += [(start, mark + concept) for concept in lexicon.of(word)]
        start += len(word) + 1
    return [concept for _, concept in sorted(at, key=lambda pair: pair[0])]


def pieces(text: str) -> list[str]:
    """Concepts, those that follow each other, and those that meet in one text."""
    found = concepts(text)
    distinct = sorted(set(found))[:_MOST]
    out = list(found)
    out += [
        f"{one}>{found[i + step]}"
        for i, one in enumerate(found)
        for step in range(1, _WINDOW + 1)
        if i + step < len(found)
    ]
    out += [f"{one}&{other}" for i, one in enumerate(distinct) for other in distinct[i + 1 :]]
    words = text.split()
    if words:
        out.append("^" + " ".join(words[:2]))
        out.append("^" + words[0])
        out.append(f"#{min(len(words), 12) // 3}")
    return out
