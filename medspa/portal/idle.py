"""Signing out a desk that nobody sits at (R115). A page that polls by itself is no sign of a person (settled.md 11)."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponseBase

from common import clock
from members.models import StaffUser

_KEY = "active_at"
_NOTED_EVERY = timedelta(minutes=1)  # one write to the session a minute, not one a click
BY_ITSELF = "X-By-Itself"  # set by portal.js on requests that no key or click caused


class SignOutWhenIdle:
    """After IDLE_SIGN_OUT_MINUTES the next request finds nobody signed in; its view sends to sign in and back."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if isinstance(request.user, StaffUser):
            _look_at(request, request.user)
        return self.get_response(request)


def _look_at(request: HttpRequest, user: StaffUser) -> None:
    now = clock.now() - clock.offset()  # moving the demo's clock is no idleness
    written = request.session.get(_KEY)
    active_at = datetime.fromisoformat(written) if written else user.last_login or now
    if now - active_at > timedelta(minutes=settings.IDLE_SIGN_OUT_MINUTES):
        logout(request)
    elif BY_ITSELF not in request.headers and now - active_at >= _NOTED_EVERY:
        request.session[_KEY] = now.isoformat()
