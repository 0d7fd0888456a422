"""Replies of a word or two, which no classifier reads well: yes, no, a number, an emoji."""

import re

from concierge.understanding.base import Intent
from concierge.understanding.phrases import normal


def _listed(replies: str) -> frozenset[str]:
    return frozenset(reply.strip() for line in replies.split("\n") for reply in line.split("|") if reply.strip())


_YES = _listed("""
    y | yes | yeah | yep | yup | ya | yea | yess | sure | ok | okay | k | kk | okey | absolutely | definitely | confirm
    confirmed | correct | right | si | claro | dale | va | vale | orale | simon | confirmo | correcto | adelante
    yes please | yes pls | yes plz | ok sure | sure thing | of course | sounds good | works for me | that works | fine
    go ahead | please do | do it | lets do it | si por favor | claro que si | por supuesto | esta bien | de acuerdo
    me parece bien | uh huh | for sure | yes maam | yes sir | si claro | yes yes | yes that works | alright | deal
    exactly | yes lets do it | ok do it | ok do that | yes do it | perfecto
""")
_NO = _listed("""
    no | n | nope | nah | naw | no thanks | no thank you | no thx | no ty | not now | not right now | not today
    im good | no im good | nah im good | no gracias | ahora no | no por ahora | por ahora no | mejor no | ninguna
    ninguno | neither | none | pass | ill pass | never mind | nvm | nevermind | no maam | no sir | not really
    dont | nop | para nada | no way | hard pass
""")
_THANKS = _listed("""
    thanks | thank you | thx | ty | tysm | gracias | muchas gracias | mil gracias | thank you so much | thanks so much
    thank u | thanks a lot | ok thanks | ok thank you | great thanks | perfect thanks | ok gracias | many thanks
    perfect thank you | great thank you
""")
_OPTION = re.compile(
    r"(?:(?:option|opcion|number|numero|no|num|choice|the|la|el|slot|time) )?"
    r"(?:[1-9]|[abc]|one|two|three|first|second|third|1st|2nd|3rd|uno|dos|una"
    r"|primera|segunda|tercera|primero|segundo|last|ultima)"
    r"(?: one| option| please| pls| por favor| slot| time| works)*"
)
_NO_OPTION = _listed("a | la a | el a | una | the a | no one | the one | one time | time one")
_EMOJI = {
    "👍": Intent.AFFIRM,
    "👌": Intent.AFFIRM,
    "✅": Intent.AFFIRM,
    "🆗": Intent.AFFIRM,
    "👎": Intent.DENY,
    "❌": Intent.DENY,
    "🙏": Intent.THANKS,
    "❤": Intent.THANKS,
    "🥰": Intent.THANKS,
    "😊": Intent.THANKS,
    "💕": Intent.THANKS,
}


def read(text: str) -> Intent | None:
    """The intent of a text that is nothing but such a reply."""
    said = normal(text)
    if not said:
        return next((intent for sign, intent in _EMOJI.items() if sign in text), None)
    if said in _YES:
        return Intent.AFFIRM
    if said in _NO:
        return Intent.DENY
    if said in _THANKS:
        return Intent.THANKS
    if said not in _NO_OPTION and _OPTION.fullmatch(said):
        return Intent.OPTION
    return None
