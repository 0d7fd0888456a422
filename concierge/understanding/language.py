"""English or Spanish, by the small words that every text has."""

from concierge.understanding.phrases import normal

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
