"""Card numbers are taken out of a text before anything stores, queues or logs it (R123, R124)."""

import re
import unicodedata

_BETWEEN = r"[\s.\-–—_/·()]{1,3}"
# Thirteen digits or more (of any script: full-width ones too), with at most a little in between.
_RUN = re.compile(rf"\d(?:(?:{_BETWEEN})?\d){{12,}}")
_GROUP = re.compile(r"\d+")
_CODE = re.compile(r"\b(cvv2?|cvc2?|csc|cid|security code|code|c[oó]digo)\b\W{0,3}(?:(?:is|es)\W{1,2})?\d{3,4}\b", re.I)
_EXPIRY = re.compile(r"(?<!\d)(?:0?[1-9]|1[0-2])\s?[/-]\s?(?:20)?\d{2}(?!\d)")
_SHORTEST, _LONGEST = 13, 19
# A line of phone numbers only: "512-555-0123 512-555-0199".
_PHONES = re.compile(r"(?:(?:1 )?\d{3} \d{3} \d{4}|1?\d{10})(?: (?:(?:1 )?\d{3} \d{3} \d{4}|1?\d{10}))*")


def redact(text: str) -> str:
    """The text with every card number replaced by `[card ••••1111]`; phone numbers and other ids stay.

    Beside a card number its security code and expiry go too (R123); elsewhere "code 1234" may be a door's.
    """
    without = _RUN.sub(lambda run: _redact_run(run.group()), text)
    if without == text:
        return text
    return _EXPIRY.sub("[expiry]", _CODE.sub(r"\1 [code]", without))


def _redact_run(run: str) -> str:
    groups = list(_GROUP.finditer(run))
    numbers = ["".join(str(unicodedata.decimal(digit)) for digit in group.group()) for group in groups]
    if _PHONES.fullmatch(" ".join(numbers)):
        return run

    pieces, done, first = [], 0, 0
    while first < len(groups):
        found = _card_at(numbers, first)
        if found is None:
            first += 1
            continue
        last, card = found
        pieces += [run[done : groups[first].start()], f"[card ••••{card[-4:]}]"]
        done, first = groups[last].end(), last + 1
    return "".join(pieces) + run[done:]


def _card_at(numbers: list[str], first: int) -> tuple[int, str] | None:
    """(last group, digits) of the longest card number that begins with group `first`."""
    longest, joined = None, ""
    for last in range(first, len(numbers)):
        joined += numbers[last]
        if len(joined) > _LONGEST:
            break
        if len(joined) >= _SHORTEST and _passes_luhn(joined):
            longest = (last, joined)
    return longest or _card_run_together(numbers, first)


def _card_run_together(numbers: list[str], first: int) -> tuple[int, str] | None:
    """A card with expiry or security code typed right behind it: the whole group goes."""
    group = numbers[first]
    for length in (16, 15):
        if len(group) > length and group[0] in "3456" and _passes_luhn(group[:length]):
            return first, group[:length]
    return None


def _passes_luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
