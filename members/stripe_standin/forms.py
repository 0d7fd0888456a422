"""Stripe's bracketed forms: `items[0][price]=price_1` and what the words in them mean."""

import re
from typing import Any
from urllib.parse import parse_qsl

from members.stripe_standin.problems import Problem, invalid


def decode(form: str) -> dict[str, Any]:
    """Nested dicts and lists of words; 'expand[]=a' and 'items[0][price]=b' both make lists."""
    root: dict[str, Any] = {}
    for name, word in parse_qsl(form, keep_blank_values=True):
        parts = re.findall(r"[^\[\]]+|\[\]", name)
        here = root
        for part in parts[:-1]:
            here = here.setdefault(_key(part, here), {})
        here[_key(parts[-1], here)] = word
    listed: dict[str, Any] = _lists(root)
    return listed


def boolean(word: str, param: str) -> bool:
    if word not in ("true", "false"):
        raise invalid(f"Invalid boolean: {word}", param=param)
    return word == "true"


def integer(word: str, param: str) -> int:
    if not re.fullmatch(r"-?\d{1,18}", word):
        raise Problem(400, f"Invalid integer: {word}", code="parameter_invalid_integer", param=param)
    return int(word)


def _key(part: str, within: dict[str, Any]) -> str:
    return str(len(within)) if part == "[]" else part


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {key: _lists(each) for key, each in value.items()}
    if inner and all(key.isdigit() for key in inner):
        return [inner[key] for key in sorted(inner, key=int)]
    return inner
