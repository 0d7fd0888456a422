"""Money is integer cents + ISO currency; this is how people read it."""

_SYMBOLS = {"usd": "$"}


def readable(cents: int, currency: str = "usd") -> str:
    """19900 -> '$199.00'; -500 -> '-$5.00'."""
    sign = "-" if cents < 0 else ""
    whole, rest = divmod(abs(cents), 100)
    symbol = _SYMBOLS.get(currency.lower())
    amount = f"{whole:,}.{rest:02d}"
    return f"{sign}{symbol}{amount}" if symbol else f"{sign}{amount} {currency.upper()}"
