"""What a text says: placeholders, GSM letters, segments. Pure."""

import re
import unicodedata
from dataclasses import dataclass

from common.errors import Refused

# Replaced only in the provider call (outreach/outbox.py), so that no token is stored.
LINK = "{link}"

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")

_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_EXTENSION = frozenset("^{}\\[~]|€\f")  # two septets each
_TYPOGRAPHIC = {
    "‘": "'", "’": "'", "‚": "'", "‛": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"',
    "–": "-", "—": "-", "‒": "-", "−": "-", "‐": "-", "‑": "-", "…": "...", "•": "-",
    "\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u200b": "", "\ufeff": "", "\t": " ",
}  # fmt: skip


@dataclass(frozen=True)
class Segments:
    """How a carrier cuts the text; each segment is charged."""

    encoding: str
    count: int


def render(template: str, facts: dict[str, str]) -> str:
    """The template with its placeholders filled and its letters made plain; `{link}` stays for the provider call.

    Raises Refused (unknown_placeholder) for a placeholder without a fact, so that no patient reads "{first_name}".
    """
    unknown = [name for name in _PLACEHOLDER.findall(template) if name not in facts and name != "link"]
    if unknown:
        raise Refused(f"The wording has a placeholder that nothing fills: {unknown[0]}.", code="unknown_placeholder")
    return plain(_PLACEHOLDER.sub(lambda found: facts.get(found[1], found[0]), template))


def plain(text: str) -> str:
    """Typographic quotes and dashes, and accents that GSM-7 lacks (í, not é), made plain: one of them would cost the
    text half of its room (R74). Letters of other scripts and emoji stay."""
    text = "".join(_TYPOGRAPHIC.get(letter, letter) for letter in unicodedata.normalize("NFC", text))
    return "".join(_without_accent(letter) for letter in text)


def segments(text: str) -> Segments:
    """GSM-7: 160 septets, or 153 each; otherwise UCS-2: 70 units, or 67 each (R74)."""
    if all(letter in _GSM or letter in _GSM_EXTENSION for letter in text):
        sizes = [2 if letter in _GSM_EXTENSION else 1 for letter in text]
        return Segments("GSM-7", _count(sizes, alone=160, together=153))
    sizes = [2 if ord(letter) > 0xFFFF else 1 for letter in text]
    return Segments("UCS-2", _count(sizes, alone=70, together=67))


def _count(sizes: list[int], *, alone: int, together: int) -> int:
    if sum(sizes) <= alone:
        return 1
    count, used = 1, 0
    for size in sizes:
        if used + size > together:  # a letter of two units is not cut
            count, used = count + 1, 0
        used += size
    return count


def _without_accent(letter: str) -> str:
    if letter in _GSM or letter in _GSM_EXTENSION:
        return letter
    base = unicodedata.normalize("NFKD", letter)[0]
    return base if base.isascii() else letter
