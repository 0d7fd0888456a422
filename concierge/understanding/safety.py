"""What must not wait for understanding: emergencies (R159-R161, R165) and "leave me alone" in people's own words (R29).

Recall first: an uncertain case counts as an emergency, because a miss costs far more than a false page (R161). The
few harmless sayings that would page somebody every week are taken out before the lists are asked.
"""

import re
from enum import StrEnum

from concierge.understanding.emergency_phrases import HARMLESS, SELF_HARM, TIER_1, TIER_2
from concierge.understanding.opt_out_phrases import BUSINESS, KEPT, OPT_OUT, WRONG_NUMBER
from concierge.understanding.phrases import normal

# Typed without spaces, or with one after every letter.
_RUN_TOGETHER = re.compile(r"(?:cant|cannot|cnt)breath|(?:cant|cannot)swallow|chestpain|nopuedorespirar|heartattack")
_STOP_SIGNS = re.compile(
    r"[\s\ufe0f]*(?:[\U0001f6d1\u26d4\U0001f6ab\u270b\U0001f590][\s\ufe0f\U0001f3fb-\U0001f3ff]*)+"
)


class Emergency(StrEnum):
    TIER_1 = "tier_1"  # call 911 now
    TIER_2 = "tier_2"  # a clinician must see this now
    SELF_HARM = "self_harm"


def emergency(text: str) -> Emergency | None:
    """The gravest kind of emergency that the text may speak of."""
    words = HARMLESS.without(normal(text))
    if SELF_HARM.found_in(words):
        return Emergency.SELF_HARM
    if TIER_1.found_in(words) or _RUN_TOGETHER.search(words.replace(" ", "")):
        return Emergency.TIER_1
    return Emergency.TIER_2 if TIER_2.found_in(words) else None


def wants_out(text: str) -> bool:
    """Whether a reasonable person would read it as "send me no more texts" (R29), or as a wrong number (R15)."""
    if _STOP_SIGNS.fullmatch(text):
        return True
    return OPT_OUT.found_in(KEPT.without(normal(text))) or says_wrong_number(text)


def says_wrong_number(text: str) -> bool:
    return WRONG_NUMBER.found_in(normal(text))


def wants_more_than_out(text: str) -> bool:
    """Whether a text that ends all texts also speaks of something that the practice must look after."""
    return BUSINESS.found_in(OPT_OUT.without(normal(text)))
