"""Who may use a view, declared on the view itself: `view.access` says it, the decorator enforces it.

A test walks the URLconf and refuses a view without a declaration, so a page cannot be opened by forgetting.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Protocol, cast
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.utils.cache import patch_cache_control

from common import htmx

View = Callable[..., HttpResponseBase]


# Whose page it is, for staff who work at some locations only. A page about one thing names the function that tells to
# which locations the thing belongs; a list shows what is at `places_of(request)`.
SHARED = "shared"  # the practice's own facts, the same for everybody
EVERYWHERE = "everywhere"  # about the practice as a whole: only for who has the role at every location
Place = str | Callable[..., Iterable[int | None]]


@dataclass(frozen=True)
class Access:
    """kind: public, signed (a vendor's signature), token (a secret address), key (API), demo, account or staff."""

    kind: str
    signer: str = ""
    roles: frozenset[str] = frozenset()
    place: Place = ""


class Person(Protocol):
    """What is asked of a signed-in user."""

    is_authenticated: bool

    def role_names(self) -> frozenset[str]: ...

    def places(self, roles: frozenset[str] = frozenset()) -> frozenset[int] | None:
        """Where they hold one of `roles`, or any role; None: at every location."""

    def has_second_factor(self) -> bool: ...


def public(view: View) -> View:
    """Anyone: the sign-in page, health checks."""
    return _declared(view, Access("public"))


def signed_by(signer: str) -> Callable[[View], View]:
    """Only `signer` ("Stripe", "Twilio"). A marker: the view itself checks the signature on the raw body."""

    def mark(view: View) -> View:
        return _declared(view, Access("signed", signer=signer))

    return mark


def by_token(view: View) -> View:
    """Whoever holds the address: it carries a secret that the view looks up. A marker."""
    return _declared(view, Access("token"))


def by_key(view: View) -> View:
    """Whoever sends an API key with the right scope: the operation itself looks it up. A marker."""
    return _declared(view, Access("key"))


def demo_only(view: View) -> View:
    """Anyone, but only where the demo or DEBUG is on; elsewhere the page does not exist."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not (settings.DEMO or settings.DEBUG):
            raise Http404
        return view(request, *args, **kwargs)

    return _declared(guarded, Access("demo"))


def staff(*roles: str, place: Place = "") -> Callable[[View], View]:
    """Signed-in staff who hold one of `roles`; without roles, any staff role.

    A stranger is sent to sign in and comes back to the same page; staff without the role get 403. To who holds the role
    at some locations only, a thing of another location does not exist (404).
    """

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            user = cast(Person, request.user)
            if not user.is_authenticated:
                return _to_sign_in(request)
            held = user.role_names()
            if not held or (roles and held.isdisjoint(roles)):
                raise PermissionDenied
            if needs_second_factor(held) and not user.has_second_factor():
                return _to(f"{resolve_url(settings.SECOND_FACTOR_URL)}?needed=1", request)
            _keep_to(user.places(frozenset(roles)), place, kwargs)
            return _uncached(view(request, *args, **kwargs))

        return _declared(guarded, Access("staff", roles=frozenset(roles), place=place))

    return guard


def own_account(view: View) -> View:
    """Whoever is signed in, for their own account only; also before they have a second factor."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not cast(Person, request.user).is_authenticated:
            return _to_sign_in(request)
        return _uncached(view(request, *args, **kwargs))

    return _declared(guarded, Access("account"))


def needs_second_factor(roles: frozenset[str]) -> bool:
    """Whether staff with these roles must have a second factor (R115, SECOND_FACTOR_FOR)."""
    if settings.SECOND_FACTOR_FOR == "managers":
        return not roles.isdisjoint({"manager", "owner"})
    return bool(settings.SECOND_FACTOR_FOR != "nobody")


def places_of(request: HttpRequest) -> frozenset[int] | None:
    """Whose rows a page may list: primary keys of locations; None: of all."""
    access: Access | None = getattr(getattr(request.resolver_match, "func", None), "access", None)
    return cast(Person, request.user).places(access.roles if access else frozenset())


def _keep_to(held: frozenset[int] | None, place: Place, named: dict[str, Any]) -> None:
    if held is None:
        return
    if place == EVERYWHERE:
        raise PermissionDenied
    if callable(place):
        places = frozenset(place(**named))
        if None not in places and held.isdisjoint(places):
            raise Http404


def _uncached(response: HttpResponseBase) -> HttpResponseBase:
    if isinstance(response, HttpResponse):  # a shared desk: the back button shows nothing after signing out
        patch_cache_control(response, private=True, no_store=True)
    return response


def _declared(view: View, access: Access) -> View:
    view.access = access  # type: ignore[attr-defined]
    return view


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    if not htmx.is_htmx(request):
        return redirect_to_login(request.get_full_path())
    # A redirect would be followed inside the page and put the sign-in form into a fragment.
    here = urlsplit(request.headers.get("HX-Current-URL", ""))
    back = f"{here.path}?{here.query}" if here.query else here.path or "/"
    return _to(redirect_to_login(back, resolve_url(settings.LOGIN_URL)).url, request)


def _to(url: str, request: HttpRequest) -> HttpResponse:
    if not htmx.is_htmx(request):
        return HttpResponseRedirect(url)
    return HttpResponse(status=204, headers={"HX-Redirect": url})
