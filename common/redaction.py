"""Card numbers are taken out of a text before anything stores, queues or logs it (R123, R124)."""

import re
import unicodedata
from collections.abc import Callable, Sequence

from common import spelled_digits
from common.spelled_digits import Item

_BETWEEN = r"[\s.\-–—_/·()]{1,3}"
# Thirteen digits or more (of any script: full-width ones too), with at most a little in between.
_RUN = re.compile(rf"\d(?:(?:{_BETWEEN})?\d){{12,}}")
_GROUP = re.compile(r"\d+")
_CODE = re.compile(r"\b(cvv2?|cvc2?|csc|cid|security code|code|c[oó]digo)\b\W{0,3}(?:(?:is|es)\W{1,2})?\d{3,4}\b", re.I)
_EXPIRY = re.compile(r"(?<!\d)(?:0?[1-9]|1[0-2])\s?[/-]\s?(?:20)?\d{2}(?!\d)")
_BARE_CODE = re.compile(r"((?:\[card ••••\d{4}\]|\[expiry\])\W{1,3})\d{3,4}\b")  # nothing but the code, right behind
MARK = "[card ••••"  # followed by the last four and a bracket
_SHORTEST, _USUAL, _LONGEST = 13, 16, 19
# The lengths of the networks' numbers by how they begin. Asked for where other digits are likelier than in one run.
_NETWORKS = re.compile(
    r"4\d{12}(?:\d{3}){0,2}|5[1-5]\d{14}|2(?:2[2-9]|[3-6]\d|7[01])\d{13}|2720\d{12}|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}"
    r"|6(?:011|5\d\d|4[4-9]\d)\d{12}|35\d{14}|62\d{14,17}"
)
# A line of phone numbers only: "512-555-0123 512-555-0199".
_PHONES = re.compile(r"(?:(?:1 )?\d{3} \d{3} \d{4}|1?\d{10})(?: (?:(?:1 )?\d{3} \d{3} \d{4}|1?\d{10}))*")


def redact(text: str) -> str:
    """The text with every card number replaced by `[card ••••1111]`; phone numbers and other ids stay.

    Beside a card number its security code and expiry go too (R123); elsewhere "code 1234" may be a door's.
    """
    return _without_cards(text, _passes_luhn)


def redact_identifier(text: str) -> str:
    """The same for an id, a number or an address: only digits that are a network's card number go.

    Of ten long ids one passes the check digit, so that alone must not be enough.
    """
    return _without_cards(text, _is_card)


def _without_cards(text: str, looks_like_one: Callable[[str], bool]) -> str:
    if len(text) < _SHORTEST:  # none fits
        return text
    without = _without_spelled(_RUN.sub(lambda run: _redact_run(run.group(), looks_like_one), text))
    return text if without == text else _tidy(without)


def split_over(texts: Sequence[str]) -> list[str] | None:
    """The texts, oldest first, without the parts of a card number that goes on from the first to the last of them.

    None where they are no such parts. Each must hold one run of digits that is not written as a telephone number or as
    money. Ten digits in one piece may be either: they are a part where sixteen or more come together.
    """
    found = [part for part in map(_part, texts) if part]
    digits = "".join(item.digits for part in found for item in part)
    if len(found) < len(texts) or len(texts) < 2 or not _is_card(digits):
        return None
    if len(digits) < _USUAL and any(_PHONES.fullmatch(part[0].digits) for part in found if len(part) == 1):
        return None
    marks = ["[card]"] * (len(texts) - 1) + [_mark(digits)]
    cut = zip(texts, found, marks, strict=True)
    return [_tidy(text[: part[0].start] + mark + text[part[-1].end :]) for text, part, mark in cut]


def _part(text: str) -> list[Item] | None:
    """The one run of the text that may be a part of a card number: three digits at least."""
    runs = [run for run in spelled_digits.runs(text) if sum(len(item.digits) for item in run) >= 3]
    beside_expiries = [run for run in runs if not _is_expiry(text, run)]
    if len(beside_expiries) != 1:
        return None
    [run] = beside_expiries
    is_money = text[: run[0].start].rstrip().endswith("$")
    is_phone = len(run) > 1 and _PHONES.fullmatch(" ".join(item.digits for item in run))
    return None if is_money or is_phone else run


def _is_expiry(text: str, run: list[Item]) -> bool:
    return _EXPIRY.fullmatch(text[run[0].start : run[-1].end]) is not None


def _is_card(digits: str) -> bool:
    return _NETWORKS.fullmatch(digits) is not None and _passes_luhn(digits)


def _mark(card: str) -> str:
    return f"{MARK}{card[-4:]}]"


def _tidy(text: str) -> str:
    """Without the expiry and the security code that stand beside a card."""
    return _BARE_CODE.sub(r"\1[code]", _EXPIRY.sub("[expiry]", _CODE.sub(r"\1 [code]", text)))


def _without_spelled(text: str) -> str:
    """Words, words and digits mixed, groups with commas. What is said right behind the card, its expiry or code, goes
    with it."""
    pieces, done = [], 0
    for run in spelled_digits.runs(text):
        if not any(item.spelled for item in run) and not _is_grouped_like_a_card(run):
            continue
        found = next((found for first in range(len(run)) if (found := _spelled_at(run, first))), None)
        if found is None:
            continue
        first, card = found
        pieces += [text[done : run[first].start], _mark(card)]
        done = run[-1].end
    return "".join(pieces) + text[done:]


def _is_grouped_like_a_card(run: Sequence[Item]) -> bool:
    """4111, 1111, 1111, 1111: commas also stand between prices and years, so the groups must be a card's."""
    return [len(item.digits) for item in run] in ([4, 4, 4, 4], [4, 6, 5])


def _spelled_at(run: list[Item], first: int) -> tuple[int, str] | None:
    """(first item, digits) of a card number that begins there."""
    joined = ""
    for item in run[first:]:
        joined += item.digits
        if _is_card(joined):
            return first, joined
        if len(joined) > _LONGEST:
            break
    return None


def _redact_run(run: str, looks_like_one: Callable[[str], bool]) -> str:
    groups = list(_GROUP.finditer(run))
    numbers = ["".join(str(unicodedata.decimal(digit)) for digit in group.group()) for group in groups]
    if _PHONES.fullmatch(" ".join(numbers)):
        return run

    pieces, done, first = [], 0, 0
    while first < len(groups):
        found = _card_at(numbers, first, looks_like_one)
        if found is None:
            first += 1
            continue
        last, card = found
        pieces += [run[done : groups[first].start()], _mark(card)]
        done, first = groups[last].end(), last + 1
    return "".join(pieces) + run[done:]


def _card_at(numbers: list[str], first: int, looks_like_one: Callable[[str], bool]) -> tuple[int, str] | None:
    """(last group, digits) of the longest card number that begins with group `first`."""
    longest, joined = None, ""
    for last in range(first, len(numbers)):
        joined += numbers[last]
        if len(joined) > _LONGEST:
            break
        if len(joined) >= _SHORTEST and looks_like_one(joined):
            longest = (last, joined)
    return longest or _card_run_together(numbers[first], first, looks_like_one)


def _card_run_together(group: str, first: int, looks_like_one: Callable[[str], bool]) -> tuple[int, str] | None:
    """A card with expiry or security code typed right behind it: the whole group goes."""
    for length in (16, 15):
        if len(group) > length and group[0] in "3456" and looks_like_one(group[:length]):
            return first, group[:length]
    return None


def _passes_luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
