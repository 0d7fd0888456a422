"""How often one caller may knock: counted in the cache, so exact enough to slow a guesser down, no more."""

import hashlib

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest


def allows(name: str, *, limit: int, seconds: int) -> bool:
    """Count one knock under `name`; False when there were more than `limit` within `seconds`."""
    # Hashed: the name may hold a token or an address, and a cache is readable.
    key = f"limit:{hashlib.sha256(name.encode()).hexdigest()}"
    if cache.add(key, 1, seconds):
        return True
    try:
        return int(cache.incr(key)) <= limit
    except ValueError:  # it ended between the two calls
        cache.add(key, 1, seconds)
        return True


def caller(request: HttpRequest) -> str:
    """The address the request came from; behind our own proxy, the last one the proxy wrote."""
    forwarded = request.headers.get("X-Forwarded-For", "") if settings.SECURE_PROXY_SSL_HEADER else ""
    return forwarded.rpartition(",")[2].strip() or str(request.META.get("REMOTE_ADDR", ""))
