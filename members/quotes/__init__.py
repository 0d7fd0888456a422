"""Offers with exact terms, and what comes of them: the one way in which a membership is changed by somebody's wish.

A page, a text and the portal all do the same: `offer` (nothing happens yet; the terms are `quote.terms`), then `accept`
with the proof of consent. An act is done exactly as quoted, or `Reoffered` carries a new quote (R91).
"""

from members.quotes.accepting import Consent, Reoffered, accept, finish_due
from members.quotes.offering import by_code, fingerprint, offer, on_sale, preview, withdraw

__all__ = [
    "Consent",
    "Reoffered",
    "accept",
    "by_code",
    "fingerprint",
    "finish_due",
    "offer",
    "on_sale",
    "preview",
    "withdraw",
]
