"""Template filters for facts: money, phones, moments."""

from django import template

from common import money as _money
from common import phones as _phones

register = template.Library()


@register.filter
def money(cents: int, currency: str = "usd") -> str:
    return _money.readable(cents, currency)


@register.filter
def phone(e164: str) -> str:
    return _phones.readable(e164)
