"""Addresses of the members floor. `members:detail` composes all floors: the top floor serves it (medspa/urls.py)."""

from django.urls import path

from common import doors
from members import webhooks
from members.views import links, lists

app_name = "members"

_LINK = doors.PATIENT_LINK.lstrip("/").replace("{token}", "<str:token>")

urlpatterns = [
    path("members/", lists.members, name="list"),
    path(_LINK, links.card, name="link"),
    path(f"{_LINK}done/", links.done, name="link_done"),
    path(doors.STRIPE_WEBHOOK.lstrip("/"), webhooks.stripe, name="stripe_webhook"),
]
