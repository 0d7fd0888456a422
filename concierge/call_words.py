"""What is said on the telephone, and the short answers that need no reader. English and Spanish, our own words.

The first sentence says who calls and that it is automated (R42, R45); nothing names a plan, a debt or a treatment
before the member has said who they are, and a machine hears the practice's name and number only (R44).
"""

import re
import unicodedata
from enum import StrEnum

from concierge.understanding import Intent


class Wish(StrEnum):
    """What a caller chose; also the words for `Call.understood`."""

    YES = "yes"
    NO = "no"
    LINK = "link"
    PAUSE = "pause"
    PERSON = "person"
    NO_CALLS = "no_calls"
    CANCEL = "cancel"
    EMERGENCY = "emergency"
    UNCLEAR = "unclear"


_SAID = {
    Wish.YES: ("yes", "yes it is", "yeah", "yep", "speaking", "this is she", "this is he", "si", "si soy yo", "soy yo"),
    Wish.NO: ("no", "nope", "no it is not", "she is not here", "he is not here", "no soy yo", "no esta"),
    Wish.LINK: ("link", "the link", "text me the link", "send me the link", "enlace", "el enlace"),
    Wish.PAUSE: ("pause", "a pause", "pausa", "pausar", "una pausa"),
    Wish.PERSON: ("person", "a person", "agent", "manager", "operator", "human", "representative", "persona"),
    Wish.NO_CALLS: ("stop calling", "do not call", "don t call", "stop", "no me llamen", "no llame mas"),
}
_NO_MORE = re.compile(
    r"\b(stop|quit|no more|don t|do not|never)( \w+)? (call|phon|ring)\w*"
    r"|\bno (me )?(vuelva\w* a )?(llam|marqu)\w*|\bdeje\w* de llamar"
)
_WISHES = {said: wish for wish, phrases in _SAID.items() for said in phrases}
_KEYS = {
    "greeting": {"1": Wish.YES, "2": Wish.NO, "0": Wish.PERSON, "9": Wish.NO_CALLS},
    "menu": {"1": Wish.LINK, "2": Wish.PAUSE, "0": Wish.PERSON, "9": Wish.NO_CALLS},
}
_INTENTS = {
    Intent.AFFIRM: Wish.YES,
    Intent.DENY: Wish.NO,
    Intent.UPDATE_CARD: Wish.LINK,
    Intent.PAUSE: Wish.PAUSE,
    Intent.HUMAN: Wish.PERSON,
    Intent.COMPLAINT: Wish.PERSON,
    Intent.CANCEL_MEMBERSHIP: Wish.CANCEL,
    Intent.EMERGENCY: Wish.EMERGENCY,
    Intent.OPT_OUT: Wish.NO_CALLS,
    Intent.WRONG_NUMBER: Wish.NO_CALLS,
}
HINTS = {"en": "yes, no, link, pause, person, stop calling", "es": "sí, no, enlace, pausa, persona, no me llamen"}

_EN = {
    "greeting": "Hello, this is an automated call from {legal_name}. Am I speaking with {first_name}? Say yes, or "
    "press 1. If not, say no, or press 2. For a person, press 0. To get no more automated calls, press 9.",
    "welcome": "Hello, you have reached the automated line of {legal_name}. For a person, say person, or press 0. For "
    "a link to update your card, say link, or press 1. To ask about a pause, say pause, or press 2.",
    "menu": "Thank you. Your last payment to us did not go through. For a link by text to update your card, say link, "
    "or press 1. To ask about a pause, say pause, or press 2. For a person, say person, or press 0.",
    "again": "Sorry, I did not get that.",
    "no_card": "Please do not tell me a card number; I have not kept it.",
    "linked": "Thank you. The link is on its way to you by text. Goodbye.",
    "pause": "Thank you. A text is on its way to you; nothing changes before you agree to it. Goodbye.",
    "cannot_text": "I cannot text this number, so one of us will call you. Goodbye.",
    "putting_through": "One moment please, I am putting you through.",
    "closed": "We are closed right now. One of us will call you back {by}. Goodbye.",
    "nobody": "Nobody could pick up just now. One of us will call you back {by}. Goodbye.",
    "not_member": "Sorry to have disturbed you. Please tell them that {legal_name} called, and that our number is "
    "{phone}. Goodbye.",
    "no_calls": "We will not call or text you by machine any more. Goodbye.",
    "silence": "I cannot hear you. You can reach us at {phone}. Goodbye.",
    "voicemail": "Hello, this is an automated message from {legal_name}. Please call us back at {phone}. Thank you.",
    "goodbye": "Goodbye.",
}
_ES = {
    "greeting": "Hola, esta es una llamada automática de {legal_name}. ¿Hablo con {first_name}? Diga sí, o marque 1. "
    "Si no, diga no, o marque 2. Para hablar con una persona, marque 0. Para no recibir más llamadas, marque "
    "9.",
    "welcome": "Hola, esta es la línea automática de {legal_name}. Para hablar con una persona, diga persona, o marque "
    "0. Para un enlace y actualizar su tarjeta, diga enlace, o marque 1. Para una pausa, diga pausa, o marque 2.",
    "menu": "Gracias. Su último pago no se pudo procesar. Para recibir un enlace por texto y actualizar su tarjeta, "
    "diga enlace, o marque 1. Para preguntar por una pausa, diga pausa, o marque 2. Para una persona, marque 0.",
    "again": "Perdón, no le entendí.",
    "no_card": "Por favor no me diga un número de tarjeta; no lo he guardado.",
    "linked": "Gracias. El enlace va en camino por texto. Adiós.",
    "pause": "Gracias. Le llegará un texto; nada cambia antes de que usted acepte. Adiós.",
    "cannot_text": "No puedo enviar textos a este número; le llamará una persona. Adiós.",
    "putting_through": "Un momento por favor, le comunico.",
    "closed": "Ahora está cerrado. Le llamaremos {by}. Adiós.",
    "nobody": "Nadie pudo contestar. Le llamaremos {by}. Adiós.",
    "not_member": "Disculpe la molestia. Por favor dígale que llamó {legal_name}, teléfono {phone}. Adiós.",
    "no_calls": "No le llamaremos ni escribiremos más de forma automática. Adiós.",
    "silence": "No le escucho. Puede llamarnos al {phone}. Adiós.",
    "voicemail": "Hola, este es un mensaje automático de {legal_name}. Por favor llámenos al {phone}. Gracias.",
    "goodbye": "Adiós.",
}
WORDS = {"en": _EN, "es": _ES}


def chosen(stage: str, *, digits: str, words: str) -> Wish | None:
    """What a key or a short answer means at this point; None: it takes a reader, or nothing was said."""
    if digits:
        return _KEYS.get(stage, {}).get(digits[:1], Wish.UNCLEAR)
    return _WISHES.get(_plain(words))


def wants_no_calls(words: str) -> bool:
    """Asks not to be called, in the middle of other words too (R84)."""
    return _NO_MORE.search(_plain(words)) is not None


def wish_of(intent: Intent) -> Wish:
    return _INTENTS.get(intent, Wish.UNCLEAR)


def _plain(words: str) -> str:
    letters = unicodedata.normalize("NFKD", words.casefold())
    return " ".join(re.sub(r"[^\w\s]", " ", "".join(c for c in letters if not unicodedata.combining(c))).split())
