"""Every address of the product, by the floor that owns it."""

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

from common import doors
from medspa import api, health
from medspa.portal import member
from members import urls as members
from outreach.views import by_hand

# The member page composes rows of all floors, so the top floor serves it; the name stays the members floor's own,
# so that every floor may link to it without naming a floor above. So with the page behind the list's ticks.
_members = [
    *members.urlpatterns,
    path("members/<int:pk>/", member.page, name="detail"),
    path("members/enrol/", by_hand.enrol, name="enrol"),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("", include("medspa.portal.accounts")),
    path(doors.API.lstrip("/"), include((api.urlpatterns, api.app_name))),
    path("", include("medspa.portal.urls")),
    path("", include((_members, members.app_name))),
    path("", include("outreach.urls")),
    path("", include("concierge.urls")),
]
if settings.DEMO:
    urlpatterns += [
        path("phonebook/", include("medspa.demo.urls")),
        path("standin/", include("members.stripe_standin.urls")),
    ]
