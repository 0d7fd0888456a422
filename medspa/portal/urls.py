from django.urls import path

from medspa.portal import accounts, drafts, team, views

app_name = "portal"

urlpatterns = [
    path("", views.today, name="today"),
    path("login/", accounts.login, name="login"),
    path("logout/", accounts.logout, name="logout"),
    path("drafts/", drafts.draft, name="draft"),
    path("team/", team.page, name="team"),
    path("team/invite/", team.invite, name="invite"),
    path("team/<int:pk>/", team.act, name="team_act"),
    path("team/invitations/<int:pk>/revoke/", team.revoke, name="revoke_invitation"),
    path("join/<str:token>/", team.join, name="join"),
]
