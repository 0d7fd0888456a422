"""Who comes in by the API: a key with the right scope, not too often."""

from typing import Any

from django.http import HttpRequest
from ninja.security import HttpBearer

from common import clock, limits
from common.problems import Problem
from members import api_keys
from members.models import ApiKey

_MINUTE = 60
_GUESSES_A_MINUTE = 30
_WAIT = {"Retry-After": str(_MINUTE)}


class Key(HttpBearer):
    """`Authorization: Bearer msk_…`; the operation says which scope it asks for."""

    def __init__(self, scope: str) -> None:
        super().__init__()
        self.scope = scope

    def __call__(self, request: HttpRequest) -> Any:
        return super().__call__(request) or self._nobody(request)

    def authenticate(self, request: HttpRequest, token: str) -> ApiKey | None:
        key = api_keys.find(token, now=clock.now())
        if key is None:
            return None
        if not limits.allows(f"api-key:{key.pk}", limit=key.requests_a_minute, seconds=_MINUTE):
            raise Problem(429, f"This key may ask {key.requests_a_minute} times a minute.", headers=_WAIT)
        if self.scope not in key.scopes:
            raise Problem(403, f"This key lacks the scope “{self.scope}”. An owner can issue one that has it.")
        return key

    def _nobody(self, request: HttpRequest) -> Any:
        if not limits.allows(f"api-guess:{limits.caller(request)}", limit=_GUESSES_A_MINUTE, seconds=_MINUTE):
            raise Problem(429, "Too many requests without a valid key.", headers=_WAIT)
        raise Problem(401, "Send “Authorization: Bearer <API key>”.", headers={"WWW-Authenticate": "Bearer"})


def of(request: HttpRequest) -> ApiKey:
    """The key that the request came in by."""
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    return key
