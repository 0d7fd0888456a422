"""The person behind a staff request, for verbs that want to know who acts."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from members.models import StaffUser

LEADERS = ("owner", "manager")


def person(request: HttpRequest) -> StaffUser:
    """The signed-in member of staff. Views guarded by `@staff` always have one; anything else is refused."""
    if isinstance(request.user, StaffUser):
        return request.user
    raise PermissionDenied


def actor(request: HttpRequest) -> str:
    """As the audit trail names them: "staff:3"."""
    return f"staff:{person(request).pk}"


def leads_everywhere(request: HttpRequest) -> bool:
    """Whether they may do what owners and managers do for the practice as a whole, not only for a location of it."""
    return leads(request) and person(request).places(frozenset(LEADERS)) is None


def leads(request: HttpRequest) -> bool:
    """Whether they may do what only owners and managers may."""
    return not person(request).role_names().isdisjoint(LEADERS)
