"""In which language the portal speaks: the one that its user chose, else the browser's.

What patients read is none of this: a text, a page behind a link and the API's answers keep to the patient's own
language (`Patient.language`), whatever the browser or the member of staff prefers.
"""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from common import clock
from common.access import public
from members import team
from members.models import StaffUser

_PORTAL = frozenset({"staff", "account", "public"})


class SpeakTheirLanguage:
    """Django's LocaleMiddleware for accounts that remember a language; it asks the database nothing more."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with translation.override(_wanted(request)):
            response = self.get_response(request)
            response.headers.setdefault("Content-Language", translation.get_language())
        if not request.user.is_authenticated:
            patch_vary_headers(response, ("Accept-Language", "Cookie"))
        return response

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        """Patients, vendors and the API are not spoken to in a member of staff's language."""
        if getattr(getattr(view, "access", None), "kind", "") not in _PORTAL:
            translation.activate(settings.LANGUAGE_CODE)


@public
@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """Speak `language` from now on: to the account, where somebody is signed in, and in this browser.

    Anyone, because the sign-in page offers it too.
    """
    language, back = request.POST.get("language", ""), request.POST.get("next", "")
    here = url_has_allowed_host_and_scheme(back, allowed_hosts=None)
    response = redirect(back if here else settings.LOGIN_REDIRECT_URL)
    if language not in StaffUser.Language:
        return response
    if isinstance(request.user, StaffUser):
        team.speak(language=language, by=request.user, now=clock.now())
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=settings.LANGUAGE_COOKIE_AGE,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


def _wanted(request: HttpRequest) -> str:
    chosen = request.user.language if isinstance(request.user, StaffUser) else ""
    return chosen or translation.get_language_from_request(request)
