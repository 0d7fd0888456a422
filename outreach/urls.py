from django.urls import path

from common import doors
from outreach import webhooks
from outreach.views import messages

app_name = "outreach"

urlpatterns = [
    path("texts/", messages.messages, name="messages"),
    path(doors.TWILIO_STATUS.format(uuid="<uuid:uuid>").removeprefix("/"), webhooks.status, name="status"),
]
