"""Words that settle a text by themselves: STOP, START, HELP and their like (R28, R36, R37, R51). Pure.

Natural wording ("lose my number", Spanish) is read one floor up.
"""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

# The words that the carrier answers itself when they are the whole text (R60, R62).
_CARRIERS_OWN = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"})
_CARRIERS_HELP = frozenset({"HELP", "INFO"})
_STOP = frozenset(
    {"stop", "stopall", "stop all", "quit", "end", "revoke", "opt out", "optout", "cancel", "unsubscribe"}
)
# These begin an opt-out whatever follows; "cancel my membership" and "end" of something do not (R36).
_STOP_FIRST = ("stopall", "stop", "unsubscribe", "optout", "opt out", "revoke")
# "Stop by at three?", and what somebody wants stopped or left out that is not the texts (R36).
_NO_STOP = re.compile(
    r"stop (by|in|over)\b"
    r"|stop (charging|billing|renewing|auto\w*|taking (my )?money)\b"
    r"|stop (my |the |this )?(membership|plan|subscription|payments?)\b"
    r"|stop (with )?(the |this |your )?(chat ?)?(ro)?bots?\b"  # who wants a person; texts are another thing
    r"|opt ?out of (my |the |this )?(?!all\b|every)"
)
_STOP_SENTENCE = re.compile(r"\W*stop\s*[.!,;:\n]")  # "STOP. My membership is over": the word stands by itself
_THE_TEXTS = re.compile(r"\b(te?xt|message|msg|sms|contact|call|e ?mail|notif)")
_START = frozenset({"start", "unstop"})
_HELP = frozenset({"help", "info"})
_POLITE = frozenset({"please", "pls", "plz", "thanks", "thx", "thank", "you", "now", "ok", "okay", "porfavor"})
_WORD = re.compile(r"\w+")


class Meaning(StrEnum):
    NOTHING = ""
    STOP = "stop"
    START = "start"
    HELP = "help"


@dataclass(frozen=True)
class Keyword:
    """`alone`: nothing else was said. `answered`: the carrier has answered it already."""

    meaning: Meaning
    alone: bool = True
    answered: bool = False
    is_cancel: bool = False


def read(body: str, *, opt_out_type: str = "") -> Keyword:
    """What keyword a text is; `opt_out_type` is the carrier's own reading (STOP, START, HELP or '')."""
    phrase, told = _phrase(body), opt_out_type.upper()
    whole = body.strip().upper()
    if phrase in _STOP or told == "STOP":
        return Keyword(
            Meaning.STOP,
            alone=not _begins_with_stop(phrase),
            answered=bool(told) or whole in _CARRIERS_OWN,
            is_cancel=phrase == "cancel",
        )
    if _begins_with_stop(phrase) or _STOP_SENTENCE.match(body.casefold()):
        return Keyword(Meaning.STOP, alone=False)
    if phrase in _START or told == "START":
        # The carrier takes YES for START also from someone who never opted out; only `inbound` knows which it is.
        return Keyword(Meaning.START, alone=phrase in _START, answered=True)
    if phrase in _HELP or told == "HELP":
        return Keyword(Meaning.HELP, answered=bool(told) or whole in _CARRIERS_HELP)
    return Keyword(Meaning.NOTHING)


def _phrase(body: str) -> str:
    """Lower case, without punctuation, emoji and polite words around the rest."""
    words = _WORD.findall(unicodedata.normalize("NFKC", body).casefold().replace("_", " "))
    while words and words[-1] in _POLITE:
        words.pop()
    while words and words[0] in _POLITE:
        words.pop(0)
    if len(words) > 1 and all(len(word) == 1 for word in words):
        return "".join(words)  # "S T O P"
    return " ".join(words)


def _begins_with_stop(phrase: str) -> bool:
    if phrase in _STOP or (_NO_STOP.match(phrase) and not _THE_TEXTS.search(phrase)):
        return False
    return any(phrase.startswith(f"{word} ") for word in _STOP_FIRST)
