"""English or Spanish, by the small words that every text has."""

from functools import lru_cache
from typing import Any

from concierge.understanding.phrases import normal

_SURE, _SURE_OF_ONE_WORD = 0.9, 0.98
_ENOUGH = 300  # characters

_IN_ENGLISH = """
    the my i im is are do does did to an have has you can could what when how please want need for of and it with on at
    this that still any left yes hi hello thanks thank would who where
"""
_IN_SPANISH = """
    que de mi mis la el los las por favor quiero quisiera tengo tiene puedo cuando cuanto cuantos cita hola gracias para
    con una un es si como esta hay necesito donde queda quedan todavia aun buenos buenas dias tardes su del al en pero
    mas
"""
_ENGLISH, _SPANISH = frozenset(_IN_ENGLISH.split()), frozenset(_IN_SPANISH.split())


def of(text: str, *, default: str) -> str:
    """Code "en" or "es"; `default` where the words do not tell."""
    words = normal(text).split()
    english = sum(word in _ENGLISH for word in words)
    spanish = sum(word in _SPANISH for word in words)
    if english == spanish:
        return default
    return "es" if spanish > english else "en"


@lru_cache(maxsize=1)
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # half a second, paid by who reads with the engine

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(["en", "es"])
    return identifier


def checked(text: str, *, default: str) -> str:
    """As `of`, and asks a language identifier where the small words do not tell clearly: "pausar mi plan"."""
    words = normal(text).split()
    english = sum(word in _ENGLISH for word in words)
    spanish = sum(word in _SPANISH for word in words)
    if abs(english - spanish) > 1 or not words:
        return of(text, default=default)
    code, probability = _identifier().classify(text[:_ENOUGH])
    if float(probability) >= (_SURE if len(words) > 1 else _SURE_OF_ONE_WORD):
        return str(code)
    return of(text, default=default)
