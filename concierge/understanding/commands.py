"""Words that our own texts ask for, alone in a text: certain, whatever reader is loaded."""

from concierge.understanding.base import Intent
from concierge.understanding.phrases import normal

_WORDS = {
    Intent.BOOK: ("book", "reservar", "reserva"),
    Intent.CREDIT_BALANCE: ("credits", "my credits", "creditos", "mis creditos"),
    Intent.PLAN_OPTIONS: ("plans", "planes", "plan options"),
    Intent.UPDATE_CARD: ("card", "tarjeta"),
    Intent.UPGRADE: ("upgrade",),
    Intent.PAUSE: ("pause", "freeze", "pausa", "pausar"),
    Intent.RESUME: ("resume", "reanudar"),
    Intent.RESTART: ("restart", "reiniciar"),
    Intent.RESCHEDULE: ("move", "cambiar cita"),
    Intent.REMIND_LATER: ("remind", "remind me", "remind me later", "recuerdeme", "recordar"),
}
_INTENTS = {word: intent for intent, words in _WORDS.items() for word in words}


def read(text: str) -> Intent | None:
    """The intent of a text that is nothing but such a word."""
    return _INTENTS.get(normal(text))
