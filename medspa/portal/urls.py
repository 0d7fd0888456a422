from django.urls import path

from medspa.portal import accounts, views

app_name = "portal"

urlpatterns = [
    path("", views.today, name="today"),
    path("login/", accounts.login, name="login"),
    path("logout/", accounts.logout, name="logout"),
]
