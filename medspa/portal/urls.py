from django.urls import path

from medspa.portal import accounts, drafts, languages, team, views
from medspa.portal.setup import pages as setup

app_name = "portal"

urlpatterns = [
    path("", views.today, name="today"),
    path("login/", accounts.login, name="login"),
    path("logout/", accounts.logout, name="logout"),
    path("language/", languages.choose, name="language"),
    path("drafts/", drafts.draft, name="draft"),
    path("team/", team.page, name="team"),
    path("team/invite/", team.invite, name="invite"),
    path("team/<int:pk>/", team.act, name="team_act"),
    path("team/invitations/<int:pk>/revoke/", team.revoke, name="revoke_invitation"),
    path("join/<str:token>/", team.join, name="join"),
    path("settings/", setup.home, name="setup"),
    path("settings/practice/", setup.practice, name="setup_practice"),
    path("settings/locations/", setup.locations, name="setup_locations"),
    path("settings/locations/new/", setup.location, name="setup_new_location"),
    path("settings/locations/<int:pk>/", setup.location, name="setup_location"),
    path("settings/services/", setup.services, name="setup_services"),
    path("settings/services/new/", setup.service, name="setup_new_service"),
    path("settings/services/<int:pk>/", setup.service, name="setup_service"),
    path("settings/agreements/", setup.agreements, name="setup_agreements"),
    path("settings/on-call/", setup.on_call, name="setup_on_call"),
    path("settings/connections/", setup.connected, name="setup_connections"),
    path("settings/legal/", setup.legal, name="setup_legal"),
    path("settings/go-live/", setup.go_live, name="setup_go_live"),
    path("settings/go-live/change/", setup.change_live, name="setup_change_live"),
]
