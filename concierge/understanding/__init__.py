"""Reading texts. The reader of this deployment is asked for here; safety words come before any reader."""

from concierge.understanding.base import Entities, Intent, Reader, ServiceWords, Understanding
from concierge.understanding.keywords import KeywordReader

__all__ = ["Entities", "Intent", "Reader", "ServiceWords", "Understanding", "reader"]


def reader() -> Reader:
    return KeywordReader()
